//! What makes one provider out of a wire: where it is, who we say we are, its model and how long it
//! may take. Where the values come from is not its business.

use super::Wire;
use secrecy::SecretString;
use std::time::Duration;

/// How long an upstream may take. The connection has its own limit, in `outbound`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the call to the first content of a stream.
    pub first_content: Duration,
    /// Between two events of a stream.
    pub idle: Duration,
    /// From the call to its end, streamed or not.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_content: Duration::from_secs(30),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(120),
        }
    }
}

/// One upstream's settings.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The name it is configured under.
    pub name: String,
    /// How it is spoken to.
    pub wire: Wire,
    /// Where its API begins, for instance `https://api.openai.com/v1`.
    pub base_url: String,
    /// The headers that say who calls; a blank value is none. `authorization` is sent as a Bearer.
    pub credentials: Vec<(&'static str, SecretString)>,
    /// The model used when a caller asks for none.
    pub model: String,
    /// How long it may take.
    pub timeouts: Timeouts,
}
