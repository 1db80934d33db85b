//! What makes a provider out of a wire format: address, credentials, model and timeouts. Where the
//! values come from is not its business.

use super::{LlmMetrics, Wire};
use ragd_core::clock::Clock;
use ragd_core::outbound::ModelClient;
use ragd_core::telemetry::SharedMetrics;
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
    /// Its wire format.
    pub wire: Wire,
    /// Where its API begins, for instance `https://api.openai.com/v1`.
    pub base_url: String,
    /// The headers with credentials; a blank value is not sent. `authorization` is sent as a Bearer.
    pub credentials: Vec<(&'static str, SecretString)>,
    /// The model used when a caller names none.
    pub model: String,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// Whether it loads a model when it is first asked for (Ollama does), which takes minutes.
    pub loads_models: bool,
}

/// What calls of any upstream work with; cheap to clone.
#[derive(Debug, Clone)]
pub struct UpstreamParts {
    /// Calls the upstream.
    pub http: ModelClient,
    /// The time.
    pub clock: Clock,
    /// Where calls are counted.
    pub metrics: LlmMetrics,
    /// Where errors and refusals are counted.
    pub shared_metrics: SharedMetrics,
}
