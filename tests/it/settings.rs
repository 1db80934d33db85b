//! Every setting has a test that sees its effect: the table names it, and a setting that the table lacks
//! is a fault. A test that is named must be there.

mod models;
mod retrieval;
mod server;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The test that sees each setting: `section.field`, the file below the repository, the function.
const OBSERVED: &[(&str, &str, &str)] = &[
    (
        "server.env",
        SERVER,
        "production_refuses_to_make_up_its_secrets",
    ),
    (
        "server.profile",
        SESSIONS,
        "the_limits_of_the_profile_hold_however_many_ask_at_once",
    ),
    ("server.host", SERVER, "it_listens_where_it_is_to"),
    ("server.port", SERVER, "it_listens_where_it_is_to"),
    (
        "server.data_dir",
        SERVER,
        "folders_are_where_they_are_to_be",
    ),
    (
        "server.blob_url",
        SERVER,
        "folders_are_where_they_are_to_be",
    ),
    (
        "server.cors_origins",
        "tests/it/http_frame.rs",
        "no_other_origin_may_call_unless_it_is_configured",
    ),
    (
        "server.trusted_proxies",
        SERVER,
        "a_trusted_proxy_says_who_called",
    ),
    (
        "log.level",
        SERVER,
        "log_lines_have_the_form_and_level_that_are_set",
    ),
    (
        "log.format",
        SERVER,
        "log_lines_have_the_form_and_level_that_are_set",
    ),
    (
        "log.dir",
        SERVER,
        "log_lines_have_the_form_and_level_that_are_set",
    ),
    ("database.url", SERVER, "folders_are_where_they_are_to_be"),
    (
        "database.direct_url",
        SERVER,
        "migrations_go_past_the_pooler",
    ),
    (
        "database.pool_size",
        SERVER,
        "the_pool_is_as_large_as_is_set",
    ),
    (
        "database.auto_migrate",
        SERVER,
        "a_database_is_not_migrated_where_that_is_forbidden",
    ),
    ("index.path", SERVER, "folders_are_where_they_are_to_be"),
    (
        "index.qdrant_url",
        "tests/it/http_vector_store.rs",
        "a_start_without_its_server_says_so_in_the_words_of_the_runbooks",
    ),
    (
        "index.qdrant_api_key",
        SERVER,
        "a_silent_qdrant_server_is_given_the_key_and_given_up_in_time",
    ),
    (
        "index.qdrant_timeout_seconds",
        SERVER,
        "a_silent_qdrant_server_is_given_the_key_and_given_up_in_time",
    ),
    (
        "index.qdrant_prefix",
        "tests/it/http_vector_store.rs",
        "everything_goes_on_by_itself_when_the_server_is_there_again",
    ),
    ("auth.api_key", SERVER, "every_configured_key_may_call"),
    ("auth.api_keys", SERVER, "every_configured_key_may_call"),
    ("auth.secret_key", SERVER, "another_secret_ends_every_token"),
    (
        "auth.admin_password",
        SERVER,
        "create_admin_takes_the_password_that_is_set",
    ),
    (
        "encryption.db_encryption_key",
        SERVER,
        "data_that_another_key_sealed_is_not_opened",
    ),
    (
        "llm.provider",
        PROVIDERS,
        "a_variable_forces_the_default_too",
    ),
    ("llm.model", MODELS, "the_default_model_is_asked_for"),
    (
        "llm.fallback_providers",
        MODELS,
        "only_the_listed_providers_stand_in",
    ),
    (
        "llm.force_default_provider",
        PROVIDERS,
        "a_variable_forces_the_default_too",
    ),
    (
        "llm.first_content_timeout_seconds",
        FAULTS,
        "every_fault_is_what_the_table_says",
    ),
    (
        "llm.idle_timeout_seconds",
        FAULTS,
        "every_fault_is_what_the_table_says",
    ),
    (
        "llm.total_timeout_seconds",
        FAULTS,
        "every_fault_is_what_the_table_says",
    ),
    (
        "llm.retries",
        RETRIES,
        "a_provider_that_is_alone_is_asked_once_more",
    ),
    (
        "llm.retry_wait_ms",
        MODELS,
        "the_wait_before_a_retry_can_be_set",
    ),
    (
        "llm.breaker_failure_threshold",
        RETRIES,
        "a_breaker_that_reopens_within_two_seconds_is_waited_for",
    ),
    (
        "llm.breaker_open_seconds",
        RETRIES,
        "a_breaker_that_reopens_within_two_seconds_is_waited_for",
    ),
    (
        "llm.breaker_success_threshold",
        MODELS,
        "one_success_may_be_enough_to_close_a_breaker",
    ),
    (
        "llm.breaker_half_open_max_probes",
        MODELS,
        "several_calls_may_try_a_provider_at_once",
    ),
    (
        "llm.openai_api_key",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.openai_base_url",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.openai_model",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.anthropic_api_key",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.anthropic_base_url",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.anthropic_model",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.google_api_key",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.google_base_url",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.google_model",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.groq_api_key",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.groq_base_url",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.groq_model",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.groq_requests_per_minute",
        LIMITER,
        "an_empty_window_is_no_failure_and_another_provider_stands_in",
    ),
    (
        "llm.groq_requests_per_day",
        LIMITER,
        "the_day_has_a_limit_of_its_own",
    ),
    (
        "llm.ollama_url",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.ollama_model",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.flow_tenant",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.flow_agent",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.flow_agent_secret",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.flow_base_url",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "llm.flow_model",
        MODELS,
        "each_provider_is_called_as_is_set",
    ),
    (
        "embedding.provider",
        MODELS,
        "an_embedding_endpoint_is_asked_as_is_set",
    ),
    (
        "embedding.model",
        MODELS,
        "an_embedding_endpoint_is_asked_as_is_set",
    ),
    (
        "embedding.base_url",
        MODELS,
        "an_embedding_endpoint_is_asked_as_is_set",
    ),
    (
        "embedding.api_key",
        MODELS,
        "an_embedding_endpoint_is_asked_as_is_set",
    ),
    (
        "embedding.dimension",
        MODELS,
        "an_embedding_endpoint_is_asked_as_is_set",
    ),
    (
        "embedding.batch_size",
        MODELS,
        "an_embedding_endpoint_is_asked_as_is_set",
    ),
    (
        "embedding.concurrency",
        MODELS,
        "as_many_embedding_requests_are_under_way_as_is_set",
    ),
    (
        "embedding.timeout_seconds",
        MODELS,
        "an_embedding_endpoint_that_is_silent_is_given_up_in_time",
    ),
    (
        "embedding.model_path",
        MODELS,
        "the_local_model_is_looked_for_where_it_is_to_be",
    ),
    (
        "embedding.models_path",
        MODELS,
        "the_local_model_is_looked_for_where_it_is_to_be",
    ),
    (
        "embedding.threads",
        MODELS,
        "the_local_model_computes_on_as_many_threads_as_are_set",
    ),
    (
        "retrieval.topk_bm25",
        RETRIEVAL,
        "each_side_gives_as_many_candidates_as_is_set",
    ),
    (
        "retrieval.topk_vec",
        RETRIEVAL,
        "each_side_gives_as_many_candidates_as_is_set",
    ),
    (
        "retrieval.bm25_weight",
        RETRIEVAL,
        "words_and_meaning_have_their_own_weights",
    ),
    (
        "retrieval.vec_weight",
        RETRIEVAL,
        "words_and_meaning_have_their_own_weights",
    ),
    ("retrieval.fusion", RETRIEVAL, "lists_are_fused_as_is_set"),
    (
        "retrieval.complete_scores",
        RETRIEVAL,
        "scores_are_completed_unless_that_is_switched_off",
    ),
    (
        "retrieval.return_topn",
        RETRIEVAL,
        "a_preview_has_as_many_results_as_is_set",
    ),
    (
        "retrieval.time_decay_enabled",
        RETRIEVAL,
        "messages_age_as_is_set",
    ),
    (
        "retrieval.time_decay_lambda",
        RETRIEVAL,
        "messages_age_as_is_set",
    ),
    (
        "rerank.provider",
        RERANK,
        "the_rerankers_order_counts_and_every_part_is_shown",
    ),
    (
        "rerank.url",
        RERANK,
        "the_rerankers_order_counts_and_every_part_is_shown",
    ),
    ("rerank.api_key", RETRIEVAL, "a_reranker_is_asked_as_is_set"),
    ("rerank.model", RETRIEVAL, "a_reranker_is_asked_as_is_set"),
    ("rerank.top", RETRIEVAL, "a_reranker_is_asked_as_is_set"),
    (
        "rerank.timeout_ms",
        RERANK,
        "an_upstream_that_is_wrong_slow_or_down_is_skipped_and_named",
    ),
    (
        "ingest.documents_path",
        WORK,
        "documents_are_read_where_and_as_is_set",
    ),
    (
        "ingest.allowed_extensions",
        WORK,
        "documents_are_read_where_and_as_is_set",
    ),
    (
        "ingest.max_upload_megabytes",
        "tests/it/http_idempotency.rs",
        "a_body_that_is_too_large_is_refused_as_without_a_key",
    ),
    ("ingest.ocr", WORK, "ocr_can_be_switched_off"),
    (
        "ingest.ocr_languages",
        "tests/it/http_ocr.rs",
        "ocr_that_is_not_there_says_what_to_install",
    ),
    ("ingest.chunk_size", WORK, "passages_are_as_long_as_is_set"),
    (
        "ingest.chunk_overlap",
        WORK,
        "passages_are_as_long_as_is_set",
    ),
    (
        "jobs.role",
        "tests/it/http_jobs.rs",
        "a_waiting_job_is_counted_called_off_and_tried_again",
    ),
    ("jobs.lanes", WORK, "places_are_given_out_as_is_set"),
    ("jobs.shared_places", WORK, "places_are_given_out_as_is_set"),
    (
        "jobs.high_priority_places",
        WORK,
        "places_are_given_out_as_is_set",
    ),
    (
        "jobs.default_places",
        WORK,
        "places_are_given_out_as_is_set",
    ),
    (
        "jobs.low_priority_places",
        WORK,
        "places_are_given_out_as_is_set",
    ),
    (
        "jobs.failpoint",
        "tests/it/replicas.rs",
        "what_one_leaves_the_other_finishes",
    ),
    ("cache.redis_url", CACHE, "a_redis_that_is_there_is_healthy"),
    (
        "cache.redis_password",
        WORK,
        "a_redis_is_given_its_password",
    ),
    (
        "cache.redis_prefix",
        CACHE,
        "a_cached_answer_and_its_key_reveal_nothing",
    ),
    (
        "cache.memory_megabytes",
        WORK,
        "the_memory_of_the_cache_is_bounded_as_is_set",
    ),
    (
        "cache.response_cache_enabled",
        CACHE,
        "nothing_is_kept_where_it_is_switched_off",
    ),
    (
        "cache.response_cache_ttl_seconds",
        WORK,
        "answers_are_kept_for_as_long_as_is_set",
    ),
    ("chat.top_k", WORK, "a_question_is_asked_as_is_set"),
    (
        "chat.history_messages",
        WORK,
        "a_prompt_has_as_many_turns_before_it_as_is_set",
    ),
    ("chat.max_tokens", WORK, "a_question_is_asked_as_is_set"),
    (
        "sessions.ttl_seconds",
        SESSIONS,
        "the_life_of_a_session_can_be_set",
    ),
    (
        "sessions.retention_days",
        SESSIONS,
        "sessions_may_be_kept_for_ever",
    ),
    ("sessions.max", WORK, "sessions_are_limited_as_is_set"),
    (
        "sessions.max_per_ip",
        SESSIONS,
        "what_is_set_overrules_the_profile",
    ),
    (
        "sessions.queries_per_hour",
        WORK,
        "sessions_are_limited_as_is_set",
    ),
    (
        "memory.summary_after_days",
        "tests/it/summaries.rs",
        "summaries_are_off_until_they_are_wanted",
    ),
];

const SERVER: &str = "tests/it/settings/server.rs";
const MODELS: &str = "tests/it/settings/models.rs";
const RETRIEVAL: &str = "tests/it/settings/retrieval.rs";
const WORK: &str = "tests/it/settings/work.rs";
const SESSIONS: &str = "tests/it/http_sessions.rs";
const PROVIDERS: &str = "tests/it/http_providers.rs";
const FAULTS: &str = "tests/it/faults.rs";
const RETRIES: &str = "tests/it/http_breaker/retries.rs";
const LIMITER: &str = "tests/it/http_breaker/limiter.rs";
const RERANK: &str = "tests/it/http_rerank.rs";
const CACHE: &str = "tests/it/http_cache.rs";

#[test]
fn every_setting_has_a_test_that_sees_it() {
    let settings: BTreeSet<&str> = ragd::config::variables()
        .iter()
        .map(|variable| variable.setting)
        .collect();
    let faults = faults(&settings, OBSERVED);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_setting_without_a_test_is_a_fault() {
    let known = OBSERVED[0];
    let settings: BTreeSet<&str> = [known.0, "server.colour"].into();
    assert_eq!(
        faults(&settings, &[known]),
        ["server.colour: no test sees it"]
    );
    let gone = (known.0, known.1, "no_such_test");
    let twice = [known, gone, ("server.gone", known.1, known.2)];
    let settings = [known.0].into();
    assert_eq!(faults(&settings, &twice).len(), 3);
}

/// What is wrong with the table.
fn faults(settings: &BTreeSet<&str>, observed: &[(&str, &str, &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut listed = BTreeSet::new();
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    for (setting, file, test) in observed {
        if !listed.insert(*setting) {
            faults.push(format!("{setting}: twice in the table"));
        }
        if !settings.contains(setting) {
            faults.push(format!("{setting}: no setting"));
        }
        let source = sources.entry(file).or_insert_with(|| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            std::fs::read_to_string(path).unwrap_or_default()
        });
        if !source.contains(&format!("fn {test}(")) {
            faults.push(format!("{setting}: {file} has no test {test}"));
        }
    }
    let missing = settings
        .iter()
        .filter(|setting| !listed.contains(**setting));
    faults.extend(missing.map(|setting| format!("{setting}: no test sees it")));
    faults
}
