//! The address of a Qdrant server: parses what operators write, and derives the address of its gRPC
//! API. Opens no connection.

use ragd_core::error::{Error, Result};

/// The port of Qdrant's REST API, which most documentation shows.
const REST_PORT: u16 = 6333;
/// The port of its gRPC API, which ragd uses.
const GRPC_PORT: u16 = 6334;

/// The address of a server's gRPC API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    url: String,
    encrypted: bool,
    local: bool,
}

impl ServerAddress {
    /// Parses `http://HOST[:PORT]` or `https://HOST[:PORT]`. Without a port, or with 6333, the port
    /// of the REST API, the port is 6334, the gRPC API of the same server. Any other port is kept.
    ///
    /// # Errors
    /// `Invalid` when the address is malformed; the message does not repeat it, as it may contain a
    /// secret.
    pub fn parse(url: &str) -> Result<Self> {
        let fault = |what: &str| Error::invalid(format!("QDRANT_URL: {what}"));
        let (scheme, rest) = url
            .trim()
            .split_once("://")
            .ok_or_else(|| fault("must begin with http:// or https://"))?;
        let scheme = scheme.to_ascii_lowercase();
        if !["http", "https"].contains(&scheme.as_str()) {
            return Err(fault("must begin with http:// or https://"));
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(fault("must be a host with a port, without a path"));
        }
        if authority.contains('@') {
            return Err(fault("must not contain a password: use QDRANT_API_KEY"));
        }
        let (host, port) = split_port(authority).ok_or_else(|| {
            fault("must be a host with a port, for instance http://127.0.0.1:6334")
        })?;
        let port = match port {
            None | Some(REST_PORT) => GRPC_PORT,
            Some(port) => port,
        };
        Ok(Self {
            url: format!("{scheme}://{host}:{port}"),
            encrypted: scheme == "https",
            local: ["127.0.0.1", "localhost", "[::1]"].contains(&host),
        })
    }

    /// The URL of the gRPC API.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Whether requests can be read in transit: without encryption, to another machine.
    pub fn is_exposed(&self) -> bool {
        !self.encrypted && !self.local
    }
}

impl std::fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.url)
    }
}

/// Host and port of an authority; an IPv6 address is in brackets.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match authority.get(end..)?.rfind(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(end + colon);
            (host, Some(port.strip_prefix(':')?.parse().ok()?))
        }
        None => (authority, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let bracketed = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    (bracketed || (!host.is_empty() && host.chars().all(plain))).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::ServerAddress;

    #[test]
    fn addresses_are_taken_as_operators_write_them() {
        for (written, reached) in [
            ("http://127.0.0.1:6334", "http://127.0.0.1:6334"),
            ("http://127.0.0.1:6333", "http://127.0.0.1:6334"),
            (" http://qdrant:6333/ ", "http://qdrant:6334"),
            ("HTTP://qdrant", "http://qdrant:6334"),
            ("https://x-y.eu.example", "https://x-y.eu.example:6334"),
            ("https://x.example:443", "https://x.example:443"),
            ("http://[::1]:6333", "http://[::1]:6334"),
            ("http://[::1]", "http://[::1]:6334"),
            ("http://my_qdrant:16334", "http://my_qdrant:16334"),
        ] {
            let address = ServerAddress::parse(written).expect(written);
            assert_eq!(address.as_str(), reached, "{written}");
        }
    }

    #[test]
    fn a_malformed_address_is_refused_without_repeating_it() {
        for written in [
            "",
            "qdrant:6334",
            "grpc://qdrant:6334",
            "http://",
            "http://:6334",
            "http://host:port",
            "http://host:99999",
            "http://host:6334/path",
            "http://host:6334?key=secret",
            "http://user:secret@host:6334",
            "http://[::zz]:6334",
            "http://ho st:6334",
        ] {
            let error = ServerAddress::parse(written).expect_err(written);
            let message = error.to_string();
            assert!(message.starts_with("QDRANT_URL: "), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn a_key_can_be_read_on_the_way_only_without_encryption_and_beyond_this_machine() {
        let exposed = |url| ServerAddress::parse(url).expect(url).is_exposed();
        assert!(exposed("http://qdrant:6334"));
        assert!(!exposed("https://qdrant:6334"));
        assert!(!exposed("http://127.0.0.1:6334"));
    }
}
