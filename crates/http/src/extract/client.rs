//! The client's address and request id, for the audit trail. The address is the peer's, unless the
//! peer is a trusted proxy: then it is the rightmost hop of `x-forwarded-for` that is not one.

use crate::audit::event::AuditEvent;
use crate::middleware::RequestId;
use crate::state::AppState;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ragd_core::domain::AuditRecord;
use ragd_service::app::App;
use ragd_service::config::TrustedProxy;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// Where a request comes from.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: Option<IpAddr>,
    request_id: Option<String>,
}

impl Client {
    pub(crate) fn of(parts: &Parts, app: &App) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let trusted = &app.config().server.trusted_proxies;
        let address =
            peer.map(|ConnectInfo(peer)| beyond_proxies(peer.ip(), &parts.headers, trusted));
        let id = parts.extensions.get::<RequestId>();
        Self {
            address,
            request_id: id.map(|id| id.as_str().to_owned()),
        }
    }

    /// Writes an audit line. `user` is a user's name or a key's readable prefix.
    pub(crate) async fn audit(&self, app: &App, user: Option<&str>, event: AuditEvent<'_>) {
        let record = AuditRecord {
            timestamp: app.clock().now(),
            action: event.action.to_owned(),
            user_id: user.map(str::to_owned),
            details: event.details,
            result: event.result,
            ip_address: self.address.map(|address| address.to_string()),
            request_id: self.request_id.clone(),
        };
        app.audit(record).await;
    }
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &state.app))
    }
}

fn beyond_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[TrustedProxy]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|proxy| proxy.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut nearest = peer;
    for hop in hops.iter().rev() {
        // An unreadable hop was not written by a trusted proxy: stop here.
        let Some(address) = address_of(hop) else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !is_trusted(nearest) {
            return nearest;
        }
    }
    nearest
}

/// The address of a hop, which may have a port: `203.0.113.7:4711`, `[2001:db8::7]:4711`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let without_port = || hop.parse().map(|address: SocketAddr| address.ip()).ok();
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse().ok().or_else(without_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: [u8; 4], forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = ["10.0.0.1", "10.0.0.2", "172.16.0.0/12", "fd00::/8"];
        let trusted = trusted.map(|proxy| TrustedProxy::try_from(proxy.to_owned()).unwrap());
        beyond_proxies(peer.into(), &headers, &trusted).to_string()
    }

    #[test]
    fn hops_may_have_ports_and_proxies_be_networks() {
        for (hops, address) in [
            ("198.51.100.1:4711", "198.51.100.1"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("\"[2001:db8::7]:443\"", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("198.51.100.1, 172.20.1.1:80, [fd00::1]:80", "198.51.100.1"),
            ("198.51.100.1, unknown, 172.20.1.1", "172.20.1.1"),
            ("198.51.100.1:port", "10.0.0.1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
        ] {
            assert_eq!(seen([10, 0, 0, 1], &[hops]), address, "{hops}");
        }
    }

    #[test]
    fn believes_only_what_a_trusted_proxy_wrote() {
        assert_eq!(seen([192, 0, 2, 9], &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(seen([10, 0, 0, 1], &[]), "10.0.0.1");
        assert_eq!(
            seen([10, 0, 0, 1], &["6.6.6.6, 198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            seen([10, 0, 0, 1], &["6.6.6.6", "198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(seen([10, 0, 0, 1], &["6.6.6.6, nonsense"]), "10.0.0.1");
    }
}
