//! Where and how the server listens, and where it keeps its data.

use super::Faults;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What kind of installation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AppEnv {
    /// Missing secrets are made once and kept under the data folder.
    Development,
    /// Missing secrets are refused; logs are JSON.
    Production,
}

/// Section `server`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// What kind of installation this is.
    pub env: AppEnv,
    /// Whose defaults are used: the name of an older system.
    #[serde(default)]
    pub profile: Option<String>,
    /// The address to listen on.
    pub host: String,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Everything that ragd keeps on this machine.
    pub data_dir: PathBuf,
    /// Where the originals of documents are kept, `file:///FOLDER`; absent: under `data_dir`. Processes
    /// that share a database share this folder too.
    #[serde(default)]
    pub blob_url: Option<String>,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// A request that takes longer is ended (a stream: from its first byte on it has its own timers).
    pub request_timeout_seconds: u64,
    /// The largest JSON body.
    pub max_body_kilobytes: usize,
}

impl ServerConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(!self.host.is_empty(), "server.host", "must not be empty");
        let folder = |url: &String| url.starts_with("file:///") && url.len() > "file:///".len();
        faults.require(
            self.blob_url.as_ref().is_none_or(folder),
            "server.blob_url (BLOB_URL)",
            "must be file:///FOLDER; object stores are not in this version",
        );
        faults.require(
            self.request_timeout_seconds > 0,
            "server.request_timeout_seconds",
            "must be at least 1",
        );
        faults.require(
            (1..=65_536).contains(&self.max_body_kilobytes),
            "server.max_body_kilobytes",
            "must be between 1 and 65536",
        );
        for proxy in &self.trusted_proxies {
            faults.require(
                proxy.parse::<std::net::IpAddr>().is_ok(),
                "server.trusted_proxies (TRUSTED_PROXIES)",
                format_args!("'{proxy}' is not an IP address"),
            );
        }
    }
}
