//! Every setting that a variable sets has a test that sees its effect: the table names it, and a setting
//! that the table lacks is a fault. A test that is named must be there.

mod models;
mod retrieval;
mod server;
mod work;

use ragd::config::Setting;
use std::collections::BTreeSet;
use std::path::Path;

/// The tests, each with its file and the settings (`section.field`) whose effect it sees.
const OBSERVED: &[(&str, &str, &[&str])] = &[
    (
        SERVER,
        "production_refuses_to_make_up_its_secrets",
        &["server.env"],
    ),
    (
        SESSIONS,
        "the_limits_of_the_profile_hold_however_many_ask_at_once",
        &["server.profile"],
    ),
    (
        SERVER,
        "it_listens_where_it_is_to",
        &["server.host", "server.port"],
    ),
    (
        SERVER,
        "folders_are_where_they_are_to_be",
        &[
            "server.data_dir",
            "server.blob_url",
            "database.url",
            "index.path",
        ],
    ),
    (
        "tests/it/http_frame.rs",
        "no_other_origin_may_call_unless_it_is_configured",
        &["server.cors_origins"],
    ),
    (
        SERVER,
        "a_trusted_proxy_says_who_called",
        &["server.trusted_proxies"],
    ),
    (
        SERVER,
        "log_lines_have_the_form_and_level_that_are_set",
        &["log.level", "log.format", "log.dir"],
    ),
    (
        SERVER,
        "migrations_go_past_the_pooler",
        &["database.direct_url"],
    ),
    (
        SERVER,
        "the_pool_is_as_large_as_is_set",
        &["database.pool_size"],
    ),
    (
        SERVER,
        "a_database_is_not_migrated_where_that_is_forbidden",
        &["database.auto_migrate"],
    ),
    (
        "tests/it/http_vector_store.rs",
        "a_start_without_its_server_says_so_in_the_words_of_the_runbooks",
        &["index.qdrant_url"],
    ),
    (
        SERVER,
        "a_silent_qdrant_server_is_given_the_key_and_given_up_in_time",
        &["index.qdrant_api_key", "index.qdrant_timeout_seconds"],
    ),
    (
        "tests/it/http_vector_store.rs",
        "everything_goes_on_by_itself_when_the_server_is_there_again",
        &["index.qdrant_prefix"],
    ),
    (
        SERVER,
        "every_configured_key_may_call",
        &["auth.api_key", "auth.api_keys"],
    ),
    (
        SERVER,
        "another_secret_ends_every_token",
        &["auth.secret_key"],
    ),
    (
        SERVER,
        "create_admin_takes_the_password_that_is_set",
        &["auth.admin_password"],
    ),
    (
        SERVER,
        "data_that_another_key_sealed_is_not_opened",
        &["encryption.db_encryption_key"],
    ),
    (
        PROVIDERS,
        "a_variable_forces_the_default_too",
        &["llm.provider", "llm.force_default_provider"],
    ),
    (MODELS, "the_default_model_is_asked_for", &["llm.model"]),
    (
        MODELS,
        "only_the_listed_providers_stand_in",
        &["llm.fallback_providers"],
    ),
    (
        FAULTS,
        "every_fault_is_what_the_table_says",
        &[
            "llm.first_content_timeout_seconds",
            "llm.idle_timeout_seconds",
            "llm.total_timeout_seconds",
        ],
    ),
    (
        RETRIES,
        "a_provider_that_is_alone_is_asked_once_more",
        &["llm.retries"],
    ),
    (
        MODELS,
        "the_wait_before_a_retry_can_be_set",
        &["llm.retry_wait_ms"],
    ),
    (
        RETRIES,
        "a_breaker_that_reopens_within_two_seconds_is_waited_for",
        &["llm.breaker_failure_threshold", "llm.breaker_open_seconds"],
    ),
    (
        MODELS,
        "one_success_may_be_enough_to_close_a_breaker",
        &["llm.breaker_success_threshold"],
    ),
    (
        MODELS,
        "several_calls_may_try_a_provider_at_once",
        &["llm.breaker_half_open_max_probes"],
    ),
    (
        MODELS,
        "each_provider_is_called_as_is_set",
        &[
            "llm.openai_api_key",
            "llm.openai_base_url",
            "llm.openai_model",
            "llm.anthropic_api_key",
            "llm.anthropic_base_url",
            "llm.anthropic_model",
            "llm.google_api_key",
            "llm.google_base_url",
            "llm.google_model",
            "llm.groq_api_key",
            "llm.groq_base_url",
            "llm.groq_model",
            "llm.ollama_url",
            "llm.ollama_model",
            "llm.flow_tenant",
            "llm.flow_agent",
            "llm.flow_agent_secret",
            "llm.flow_base_url",
            "llm.flow_model",
        ],
    ),
    (
        LIMITER,
        "an_empty_window_is_no_failure_and_another_provider_stands_in",
        &["llm.groq_requests_per_minute"],
    ),
    (
        LIMITER,
        "the_day_has_a_limit_of_its_own",
        &["llm.groq_requests_per_day"],
    ),
    (
        MODELS,
        "an_embedding_endpoint_is_asked_as_is_set",
        &[
            "embedding.provider",
            "embedding.model",
            "embedding.base_url",
            "embedding.api_key",
            "embedding.dimension",
            "embedding.batch_size",
        ],
    ),
    (
        MODELS,
        "as_many_embedding_requests_are_under_way_as_is_set",
        &["embedding.concurrency"],
    ),
    (
        MODELS,
        "an_embedding_endpoint_that_is_silent_is_given_up_in_time",
        &["embedding.timeout_seconds"],
    ),
    (
        MODELS,
        "the_local_model_is_looked_for_where_it_is_to_be",
        &["embedding.model_path", "embedding.models_path"],
    ),
    (
        MODELS,
        "the_local_model_computes_on_as_many_threads_as_are_set",
        &["embedding.threads"],
    ),
    (
        RETRIEVAL,
        "each_side_gives_as_many_candidates_as_is_set",
        &["retrieval.topk_bm25", "retrieval.topk_vec"],
    ),
    (
        RETRIEVAL,
        "words_and_meaning_have_their_own_weights",
        &["retrieval.bm25_weight", "retrieval.vec_weight"],
    ),
    (
        RETRIEVAL,
        "lists_are_fused_as_is_set",
        &["retrieval.fusion"],
    ),
    (
        RETRIEVAL,
        "scores_are_completed_unless_that_is_switched_off",
        &["retrieval.complete_scores"],
    ),
    (
        RETRIEVAL,
        "a_preview_has_as_many_results_as_is_set",
        &["retrieval.return_topn"],
    ),
    (
        RETRIEVAL,
        "messages_age_as_is_set",
        &[
            "retrieval.time_decay_enabled",
            "retrieval.time_decay_lambda",
        ],
    ),
    (
        RERANK,
        "the_rerankers_order_counts_and_every_part_is_shown",
        &["rerank.provider", "rerank.url"],
    ),
    (
        RETRIEVAL,
        "a_reranker_is_asked_as_is_set",
        &["rerank.api_key", "rerank.model", "rerank.top"],
    ),
    (
        RERANK,
        "an_upstream_that_is_wrong_slow_or_down_is_skipped_and_named",
        &["rerank.timeout_ms"],
    ),
    (
        WORK,
        "documents_are_read_where_and_as_is_set",
        &["ingest.documents_path", "ingest.allowed_extensions"],
    ),
    (
        "tests/it/http_idempotency.rs",
        "a_body_that_is_too_large_is_refused_as_without_a_key",
        &["ingest.max_upload_megabytes"],
    ),
    (WORK, "ocr_can_be_switched_off", &["ingest.ocr"]),
    (
        "tests/it/http_ocr.rs",
        "ocr_that_is_not_there_says_what_to_install",
        &["ingest.ocr_languages"],
    ),
    (
        WORK,
        "passages_are_as_long_as_is_set",
        &["ingest.chunk_size", "ingest.chunk_overlap"],
    ),
    (
        "tests/it/http_jobs.rs",
        "a_waiting_job_is_counted_called_off_and_tried_again",
        &["jobs.role"],
    ),
    (
        WORK,
        "places_are_given_out_as_is_set",
        &[
            "jobs.lanes",
            "jobs.shared_places",
            "jobs.high_priority_places",
            "jobs.default_places",
            "jobs.low_priority_places",
        ],
    ),
    (
        "tests/it/replicas.rs",
        "what_one_leaves_the_other_finishes",
        &["jobs.failpoint"],
    ),
    (
        CACHE,
        "a_redis_that_is_there_is_healthy",
        &["cache.redis_url"],
    ),
    (
        WORK,
        "a_redis_is_given_its_password",
        &["cache.redis_password"],
    ),
    (
        CACHE,
        "a_cached_answer_and_its_key_reveal_nothing",
        &["cache.redis_prefix"],
    ),
    (
        WORK,
        "the_memory_of_the_cache_is_bounded_as_is_set",
        &["cache.memory_megabytes"],
    ),
    (
        CACHE,
        "nothing_is_kept_where_it_is_switched_off",
        &["cache.response_cache_enabled"],
    ),
    (
        WORK,
        "answers_are_kept_for_as_long_as_is_set",
        &["cache.response_cache_ttl_seconds"],
    ),
    (
        WORK,
        "a_question_is_asked_as_is_set",
        &["chat.top_k", "chat.max_tokens"],
    ),
    (
        WORK,
        "a_prompt_has_as_many_turns_before_it_as_is_set",
        &["chat.history_messages"],
    ),
    (
        SESSIONS,
        "the_life_of_a_session_can_be_set",
        &["sessions.ttl_seconds"],
    ),
    (
        SESSIONS,
        "sessions_may_be_kept_for_ever",
        &["sessions.retention_days"],
    ),
    (
        WORK,
        "sessions_are_limited_as_is_set",
        &["sessions.max", "sessions.queries_per_hour"],
    ),
    (
        SESSIONS,
        "what_is_set_overrules_the_profile",
        &["sessions.max_per_ip"],
    ),
    (
        "tests/it/summaries.rs",
        "summaries_are_off_until_they_are_wanted",
        &["memory.summary_after_days"],
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
    let with_variables = ragd::config::settings().filter(|setting| !setting.variables.is_empty());
    let names: Vec<String> = with_variables.map(Setting::name).collect();
    let settings = names.iter().map(String::as_str).collect();
    let faults = faults(&settings, OBSERVED);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_setting_without_a_test_is_a_fault() {
    let (file, test, settings) = OBSERVED[0];
    let known: BTreeSet<&str> = settings.iter().copied().collect();
    assert!(faults(&known, &OBSERVED[..1]).is_empty());
    let mut more = known.clone();
    more.insert("server.colour");
    assert_eq!(
        faults(&more, &OBSERVED[..1]),
        ["server.colour: no test sees it"]
    );
    let wrong: [(_, _, &[&str]); 2] = [
        (file, "no_such_test", settings),
        (file, test, &[settings[0], "server.gone"]),
    ];
    // The test that is not there, the setting that is twice, the setting that is not there.
    assert_eq!(faults(&known, &wrong).len(), 3);
}

/// What is wrong with the table.
fn faults(settings: &BTreeSet<&str>, observed: &[(&str, &str, &[&str])]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut listed = BTreeSet::new();
    for (file, test, seen) in observed {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let source = std::fs::read_to_string(path).unwrap_or_default();
        if !source.contains(&format!("fn {test}(")) {
            faults.push(format!("{file} has no test {test}"));
        }
        for setting in *seen {
            if !listed.insert(*setting) {
                faults.push(format!("{setting}: twice in the table"));
            }
            if !settings.contains(setting) {
                faults.push(format!("{setting}: there is no such setting"));
            }
        }
    }
    let missing = settings.difference(&listed);
    faults.extend(missing.map(|setting| format!("{setting}: no test sees it")));
    faults
}
