//! The one HTTP client of the crate: how long a connection may take to open, who we say we are, and
//! that an API call is never redirected. Rooms that speak to an upstream get a client from here and
//! build none themselves. It knows no vendor, and sets no limit on how long an answer may take: that
//! belongs to the wire that asks.

mod upstream;

pub use upstream::{CallError, CallFault, ModelClient, Reply, Target};

use crate::error::{Error, Result};
use std::time::Duration;

/// How long name resolution, TCP and TLS together may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What an upstream sees as our name.
pub const USER_AGENT: &str = concat!("ragd/", env!("CARGO_PKG_VERSION"));

const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(60);
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// A client for API calls; cheap to clone, and clones share their connections.
///
/// It follows no redirect, because a redirect would carry an API key and a prompt to an address
/// that nobody configured, and it repeats no request, because retries are counted elsewhere.
///
/// On a system without any CA certificate the client is made all the same, so that ragd starts with
/// a local upstream or none: every `https` call then fails as untrusted.
///
/// # Errors
/// `Internal` when the TLS stack cannot be set up.
pub fn api_client() -> Result<reqwest::Client> {
    install_crypto_provider();
    builder().build().or_else(|error| {
        tracing::warn!(
            %error,
            "no usable CA certificates on this system: calls to https addresses will fail"
        );
        builder().tls_certs_only([]).build().map_err(|error| {
            Error::internal("the HTTP client could not be set up").with_source(error)
        })
    })
}

fn builder() -> reqwest::ClientBuilder {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a client is built"
    )]
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_idle_timeout(IDLE_CONNECTION_KEPT)
        .tcp_keepalive(TCP_KEEPALIVE)
        .referer(false)
}

/// Makes `ring` the process's TLS provider. Whoever comes first wins, and it is always `ring`: the
/// crate has no other. [`api_client`] does it by itself; an adapter with a client of its own calls this.
pub fn install_crypto_provider() {
    // An error only says that a provider is there already.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_can_be_made_more_than_once() {
        assert!(api_client().is_ok());
        assert!(api_client().is_ok());
    }

    #[test]
    fn a_client_that_trusts_nobody_can_be_built() {
        install_crypto_provider();
        assert!(builder().tls_certs_only([]).build().is_ok());
    }
}
