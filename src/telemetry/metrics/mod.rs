//! Every metric of ragd: its name, its help, its labels, in one registry. Labels are bounded: never
//! a user, a session or a path. Every family is there from the start, at 0, so that an alert on a
//! missing series cannot be silent.

mod names;
mod provider_series;
mod series;

pub use names::*;
pub use provider_series::{CallCost, CallOutcome, ProviderGauges, ProviderSeries};

use crate::error::{Error, Result};
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// Seconds, to a minute: requests and models.
const SLOW_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0,
];
/// Seconds, from 50 µs to 100 ms: what ragd itself adds.
const FAST_BUCKETS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
];
/// Seconds, from 100 µs to 5 s: retrieval's stages.
const STAGE_BUCKETS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];
const COUNT_BUCKETS: &[f64] = &[0.0, 1.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];
const TOKEN_BUCKETS: &[f64] = &[
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0,
];

macro_rules! families {
    ($($(#[$doc:meta])* $field:ident: $kind:ident($($argument:expr),+);)+) => {
        /// The metrics, one field a family.
        pub struct Metrics {
            registry: Registry,
            $($(#[$doc])* pub $field: $kind,)+
        }

        impl Metrics {
            /// Registers every family and every bounded series at 0.
            ///
            /// # Errors
            /// `Internal` when two families have one name: a fault of this file.
            pub fn new() -> Result<Self> {
                let registry = Registry::new();
                let metrics = Self {
                    $($field: register::<$kind>(&registry, $kind::family($($argument),+))?,)+
                    registry,
                };
                series::start_at_zero(&metrics);
                Ok(metrics)
            }
        }
    };
}

families! {
    /// Requests by method, route template and status.
    http_requests: IntCounterVec(HTTP_REQUESTS_TOTAL, &["method", "route", "status"]);
    /// Seconds from the request's head to the end of the answer's body.
    http_duration: HistogramVec(HTTP_REQUEST_DURATION_SECONDS, &["method", "route"], SLOW_BUCKETS);
    /// Seconds of a call to a model.
    llm_latency: HistogramVec(RAG_LLM_LATENCY_SECONDS, &["provider", "model", "status"], SLOW_BUCKETS);
    /// Calls to a model.
    llm_requests: IntCounterVec(RAG_LLM_REQUEST_TOTAL, &["provider", "model", "status"]);
    /// Calls to a provider by outcome.
    origin_calls: IntCounterVec(ORIGIN_LLM_CALLS_TOTAL, &["provider", "outcome"]);
    /// Seconds of a call to a provider.
    origin_latency: HistogramVec(ORIGIN_LLM_LATENCY_SECONDS, &["provider"], SLOW_BUCKETS);
    /// Tokens by provider and kind.
    origin_tokens: IntCounterVec(ORIGIN_TOKENS_TOTAL, &["provider", "kind"]);
    /// 0 closed, 1 open, 2 half-open.
    breaker_state: IntGaugeVec(RAG_CIRCUIT_BREAKER_STATE, &["provider", "operation"]);
    /// Breaker transitions.
    breaker_transitions: IntCounterVec(RAG_CIRCUIT_BREAKER_TRANSITIONS_TOTAL, &["provider", "operation", "from", "to"]);
    /// Cache hits.
    cache_hits: IntCounterVec(RAG_CACHE_HITS_TOTAL, &["cache"]);
    /// Cache misses.
    cache_misses: IntCounterVec(RAG_CACHE_MISSES_TOTAL, &["cache"]);
    /// Hits of the response cache, under the name an older runbook greps for.
    response_cache_hits: IntCounter(RESPONSE_CACHE_HITS_TOTAL);
    /// What is left of a provider's window.
    rate_limit_remaining: GaugeVec(RAG_RATE_LIMIT_REMAINING, &["provider"]);
    /// Requests refused by a limit.
    rate_limit_violations: IntCounterVec(RAG_RATE_LIMIT_VIOLATIONS_TOTAL, &["limit"]);
    /// Feedback by direction.
    feedback: IntCounterVec(RAG_FEEDBACK_TOTAL, &["thumbs_up"]);
    /// What was done with sessions.
    session_operations: IntCounterVec(RAG_SESSION_OPERATIONS_TOTAL, &["operation"]);
    /// Sessions in use.
    active_sessions: Gauge(RAG_ACTIVE_SESSIONS);
    /// Answers by whether the sources carry them.
    grounding: IntCounterVec(RAG_GROUNDING_TOTAL, &["grounded"]);
    /// Errors by component and kind.
    errors: IntCounterVec(RAG_ERRORS_TOTAL, &["component", "kind"]);
    /// Candidates by words of one retrieval.
    bm25_candidates: Histogram(RETRIEVAL_BM25_CANDIDATES, COUNT_BUCKETS);
    /// Candidates by meaning of one retrieval.
    vector_candidates: Histogram(RETRIEVAL_VECTOR_CANDIDATES, COUNT_BUCKETS);
    /// Seconds of a retrieval by stage.
    retrieval_duration: HistogramVec(RETRIEVAL_DURATION_SECONDS, &["stage"], STAGE_BUCKETS);
    /// Waiting jobs by lane.
    jobs_queued: IntGaugeVec(RAGD_JOBS_QUEUED, &["lane"]);
    /// Age of the oldest waiting job by lane.
    job_oldest_age: GaugeVec(RAGD_JOB_OLDEST_AGE_SECONDS, &["lane"]);
    /// Ended jobs by kind and outcome.
    jobs: IntCounterVec(RAGD_JOBS_TOTAL, &["kind", "outcome"]);
    /// Seconds that ragd itself adds to a call of a model.
    overhead: Histogram(RAGD_OVERHEAD_SECONDS, FAST_BUCKETS);
    /// How streams ended.
    stream_outcomes: IntCounterVec(RAGD_STREAM_OUTCOMES_TOTAL, &["outcome"]);
    /// Fallbacks from one provider to another.
    fallbacks: IntCounterVec(RAGD_FALLBACKS_TOTAL, &["from", "to", "reason"]);
    /// Whether a configured dependency answers.
    dependency_up: IntGaugeVec(DEPENDENCY_UP, &["dependency"]);
    /// Bytes on disk by store.
    storage_bytes: IntGaugeVec(RAGD_STORAGE_BYTES, &["store"]);
    /// Free bytes of the data folder's disk.
    disk_free: Gauge(RAGD_DISK_FREE_BYTES);
    /// Database connections by state.
    pool_connections: IntGaugeVec(RAGD_DB_POOL_CONNECTIONS, &["state"]);
    /// Resident memory of this process.
    resident_memory: Gauge(PROCESS_RESIDENT_MEMORY_BYTES);
    /// The memory limit of this process's control group.
    memory_limit: Gauge(RAGD_MEMORY_LIMIT_BYTES);
    /// OpenTelemetry GenAI: seconds of an operation.
    gen_ai_duration: HistogramVec(GEN_AI_CLIENT_OPERATION_DURATION_SECONDS, &["gen_ai_operation_name", "gen_ai_provider_name"], SLOW_BUCKETS);
    /// OpenTelemetry GenAI: seconds to the first token.
    gen_ai_first_token: HistogramVec(GEN_AI_SERVER_TIME_TO_FIRST_TOKEN_SECONDS, &["gen_ai_provider_name"], SLOW_BUCKETS);
    /// OpenTelemetry GenAI: tokens of an operation.
    gen_ai_tokens: HistogramVec(GEN_AI_CLIENT_TOKEN_USAGE, &["gen_ai_provider_name", "gen_ai_token_type"], TOKEN_BUCKETS);
}

impl Metrics {
    /// The text format of Prometheus, version 0.0.4.
    ///
    /// # Errors
    /// `Internal` when the encoder fails.
    pub fn encode(&self) -> Result<String> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .map_err(|error| Error::internal("cannot encode the metrics").with_source(error))?;
        String::from_utf8(text)
            .map_err(|error| Error::internal("the metrics are not UTF-8").with_source(error))
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    family: prometheus::Result<C>,
) -> Result<C> {
    let family =
        family.map_err(|error| Error::internal("a metric is ill-formed").with_source(error))?;
    registry
        .register(Box::new(family.clone()))
        .map_err(|error| Error::internal("a metric is registered twice").with_source(error))?;
    Ok(family)
}

/// Builds each kind of family from its name and help.
trait Counted: Sized {
    fn family(named: Named, labels: &[&str]) -> prometheus::Result<Self>;
}
trait Single: Sized {
    fn family(named: Named) -> prometheus::Result<Self>;
}
trait Measured: Sized {
    fn family(named: Named, labels: &[&str], buckets: &[f64]) -> prometheus::Result<Self>;
}
trait MeasuredSingle: Sized {
    fn family(named: Named, buckets: &[f64]) -> prometheus::Result<Self>;
}

macro_rules! counted {
    ($($kind:ident),+) => {$(
        impl Counted for $kind {
            fn family(named: Named, labels: &[&str]) -> prometheus::Result<Self> {
                $kind::new(Opts::new(named.name, named.help), labels)
            }
        }
    )+};
}
counted!(IntCounterVec, IntGaugeVec, GaugeVec);

impl Single for Gauge {
    fn family(named: Named) -> prometheus::Result<Self> {
        Self::new(named.name, named.help)
    }
}
impl Single for IntCounter {
    fn family(named: Named) -> prometheus::Result<Self> {
        Self::new(named.name, named.help)
    }
}
impl Measured for HistogramVec {
    fn family(named: Named, labels: &[&str], buckets: &[f64]) -> prometheus::Result<Self> {
        Self::new(
            HistogramOpts::new(named.name, named.help).buckets(buckets.to_vec()),
            labels,
        )
    }
}
impl MeasuredSingle for Histogram {
    fn family(named: Named, buckets: &[f64]) -> prometheus::Result<Self> {
        Self::with_opts(HistogramOpts::new(named.name, named.help).buckets(buckets.to_vec()))
    }
}
