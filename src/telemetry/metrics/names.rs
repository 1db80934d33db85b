//! The names of the metrics, fixed by the contract with runbooks and dashboards, and their help.

/// A metric's name and help text.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// The name, as Prometheus sees it.
    pub name: &'static str,
    /// What it says, in a line.
    pub help: &'static str,
}

macro_rules! names {
    ($($constant:ident = $name:literal, $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $constant: Named = Named { name: $name, help: $help };
        )+
        /// Every name, for documents and tests.
        pub const ALL: &[Named] = &[$($constant),+];
    };
}

names! {
    HTTP_REQUESTS_TOTAL = "http_requests_total", "Requests by method, route template and status.";
    HTTP_REQUEST_DURATION_SECONDS = "http_request_duration_seconds", "Seconds until the answer's body has ended.";
    RAG_LLM_LATENCY_SECONDS = "rag_llm_latency_seconds", "Seconds of a model's answer.";
    RAG_LLM_REQUEST_TOTAL = "rag_llm_request_total", "Calls to models by status.";
    ORIGIN_LLM_CALLS_TOTAL = "origin_llm_calls_total", "Calls to providers by outcome.";
    ORIGIN_LLM_LATENCY_SECONDS = "origin_llm_latency_seconds", "Seconds of a provider's answer.";
    ORIGIN_TOKENS_TOTAL = "origin_tokens_total", "Tokens by provider and kind.";
    RAG_CIRCUIT_BREAKER_STATE = "rag_circuit_breaker_state", "Circuit breaker: 0 closed, 1 open, 2 half-open.";
    RAG_CIRCUIT_BREAKER_TRANSITIONS_TOTAL = "rag_circuit_breaker_transitions_total", "Circuit breaker transitions.";
    RAG_CACHE_HITS_TOTAL = "rag_cache_hits_total", "Cache hits by cache.";
    RAG_CACHE_MISSES_TOTAL = "rag_cache_misses_total", "Cache misses by cache.";
    RESPONSE_CACHE_HITS_TOTAL = "response_cache_hits_total", "Hits of the response cache.";
    RAG_RATE_LIMIT_REMAINING = "rag_rate_limit_remaining", "Requests left in a provider's window; +Inf without a limit.";
    RAG_RATE_LIMIT_VIOLATIONS_TOTAL = "rag_rate_limit_violations_total", "Requests refused by a limit.";
    RAG_FEEDBACK_TOTAL = "rag_feedback_total", "Feedback by direction.";
    RAG_SESSION_OPERATIONS_TOTAL = "rag_session_operations_total", "Operations on sessions.";
    RAG_ACTIVE_SESSIONS = "rag_active_sessions", "Sessions in use.";
    RAG_GROUNDING_TOTAL = "rag_grounding_total", "Answers by whether the sources carry them.";
    RAG_ERRORS_TOTAL = "rag_errors_total", "Errors by component and kind.";
    RETRIEVAL_BM25_CANDIDATES = "retrieval_bm25_candidates", "Candidates by words of one retrieval.";
    RETRIEVAL_VECTOR_CANDIDATES = "retrieval_vector_candidates", "Candidates by meaning of one retrieval.";
    RETRIEVAL_DURATION_SECONDS = "retrieval_duration_seconds", "Seconds of retrieval by stage.";
    RAGD_JOBS_QUEUED = "ragd_jobs_queued", "Waiting jobs by lane.";
    RAGD_JOB_OLDEST_AGE_SECONDS = "ragd_job_oldest_age_seconds", "Age of the oldest waiting job by lane.";
    RAGD_JOBS_TOTAL = "ragd_jobs_total", "Ended jobs by kind and outcome.";
    RAGD_OVERHEAD_SECONDS = "ragd_overhead_seconds", "Seconds that ragd adds to a model's answer.";
    RAGD_STREAM_OUTCOMES_TOTAL = "ragd_stream_outcomes_total", "How streams ended.";
    RAGD_FALLBACKS_TOTAL = "ragd_fallbacks_total", "Fallbacks between providers.";
    DEPENDENCY_UP = "dependency_up", "Whether a configured dependency answers: 1 or 0.";
    RAGD_STORAGE_BYTES = "ragd_storage_bytes", "Bytes on disk by store.";
    RAGD_DISK_FREE_BYTES = "ragd_disk_free_bytes", "Free bytes on the data folder's disk.";
    RAGD_DB_POOL_CONNECTIONS = "ragd_db_pool_connections", "Database connections by state.";
    PROCESS_RESIDENT_MEMORY_BYTES = "process_resident_memory_bytes", "Resident memory of this process.";
    RAGD_MEMORY_LIMIT_BYTES = "ragd_memory_limit_bytes", "Memory limit of this process's control group; +Inf without one.";
    GEN_AI_CLIENT_OPERATION_DURATION_SECONDS = "gen_ai_client_operation_duration_seconds", "OpenTelemetry GenAI: seconds of an operation.";
    GEN_AI_SERVER_TIME_TO_FIRST_TOKEN_SECONDS = "gen_ai_server_time_to_first_token_seconds", "OpenTelemetry GenAI: seconds to the first token.";
    GEN_AI_CLIENT_TOKEN_USAGE = "gen_ai_client_token_usage", "OpenTelemetry GenAI: tokens of an operation.";
}
