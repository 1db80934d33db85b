//! A proxy whose `X-Forwarded-For` is trusted: one address, or a network of them.

use super::table::setting_kind;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// An address (`10.0.0.7`, `fd00::7`) or a network (`10.0.0.0/8`, `fd00::/8`) of trusted proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrustedProxy(IpNet);

setting_kind!(List: Vec<TrustedProxy>);

impl TrustedProxy {
    /// Whether an address is one of them. An IPv4 address within IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl TryFrom<String> for TrustedProxy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let network = text
            .parse::<IpAddr>()
            .map(|address| IpNet::from(address.to_canonical()))
            .or_else(|_| text.parse());
        network.map(Self).map_err(|_| {
            format!("'{text}' is not an IP address, and no network such as 10.0.0.0/8 or fd00::/8")
        })
    }
}

impl From<TrustedProxy> for String {
    fn from(proxy: TrustedProxy) -> Self {
        let TrustedProxy(network) = proxy;
        if network.prefix_len() == network.max_prefix_len() {
            network.addr().to_string()
        } else {
            network.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TrustedProxy;

    #[test]
    fn addresses_and_networks_are_read() {
        let parse = |text: &str| TrustedProxy::try_from(text.to_owned());
        for (proxy, inside, outside) in [
            ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
            (" 10.0.0.0/8 ", "10.9.8.7", "11.0.0.1"),
            ("172.16.0.0/12", "172.31.255.255", "172.32.0.0"),
            ("::1", "::1", "::2"),
            ("fd00::/8", "fd12::1", "fe80::1"),
            ("127.0.0.0/8", "::ffff:127.0.0.9", "::1"),
            ("::ffff:10.0.0.1", "10.0.0.1", "10.0.0.3"),
        ] {
            let proxy = parse(proxy).unwrap();
            assert!(proxy.contains(inside.parse().unwrap()), "{inside}");
            assert!(!proxy.contains(outside.parse().unwrap()), "{outside}");
        }
        for wrong in ["", "proxy", "10.0.0.0/33", "10.0.0", "*"] {
            let fault = parse(wrong).unwrap_err();
            assert!(fault.contains(&format!("'{wrong}'")), "{fault}");
        }
    }
}
