//! The integration tests: one binary, one file a subject, each driving the real thing.

mod embed;
mod http_access;
mod http_auth;
mod http_chat;
mod http_documents;
mod http_frame;
mod http_health;
mod http_preview;
mod index;
mod provider;
mod store;
mod support;
mod text;
