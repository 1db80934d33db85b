//! The server: address, data folder, limits of requests.

use super::{
    Faults, TrustedProxy,
    table::{setting_kind, settings},
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What kind of installation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AppEnv {
    /// Missing secrets are generated once and kept in the data folder.
    Development,
    /// A start without secrets fails; logs are JSON.
    Production,
}

setting_kind!(Text: AppEnv);

settings! {
    /// Section `server`.
    ServerConfig in "server";

    /// What kind of installation this is.
    env: AppEnv [APP_ENV];
    /// Other defaults, by the name of the older system that they are of.
    profile: Option<String> [RAGD_PROFILE];
    /// The address to listen on.
    host: String [HOST];
    /// The port to listen on; 0 picks a free one.
    port: u16 [PORT];
    /// The folder of everything that ragd stores on this machine.
    data_dir: PathBuf [DATA_DIR];
    /// Where the originals of documents are kept, `file:///FOLDER`; absent: under `data_dir`. Processes
    /// that share a database share this folder too.
    blob_url: Option<String> [BLOB_URL];
    /// Origins that browsers may call from.
    cors_origins: Vec<String> [CORS_ORIGINS];
    /// Proxies whose `X-Forwarded-For` is trusted.
    trusted_proxies: Vec<TrustedProxy> [TRUSTED_PROXIES];
    /// A request that takes longer is ended (a stream: from its first byte on it has its own timers).
    request_timeout_seconds: u64 [] in 1..=u64::MAX, "must be at least 1";
    /// The largest JSON body.
    max_body_kilobytes: usize [] in 1..=65_536;
}

impl ServerConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(!self.host.is_empty(), "server.host", "must not be empty");
        let folder = |url: &String| url.starts_with("file:///") && url.len() > "file:///".len();
        faults.require(
            self.blob_url.as_ref().is_none_or(folder),
            "server.blob_url",
            "must be file:///FOLDER; object stores are not in this version",
        );
    }
}
