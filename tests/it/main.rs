//! The integration tests: one binary, one file a subject, each driving the real thing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod architecture;
mod cache;
mod citations;
mod embed;
mod embed_endpoint;
mod faults;
mod follow_ups;
mod http_access;
mod http_auth;
mod http_breaker;
mod http_cache;
mod http_chat;
mod http_conversations;
mod http_documents;
mod http_feedback;
mod http_formats;
mod http_frame;
mod http_health;
mod http_idempotency;
mod http_idempotency_streams;
mod http_jobs;
mod http_leaving;
mod http_memory;
mod http_ocr;
mod http_openai;
mod http_preview;
mod http_providers;
mod http_rerank;
mod http_rooms;
mod http_sessions;
mod http_vector_store;
mod index;
mod indexing;
mod languages;
mod manual;
mod provider;
mod provider_kinds;
mod queue;
mod recovery;
mod reembed;
mod replicas;
mod settings;
mod store;
mod summaries;
mod support;
mod text;
