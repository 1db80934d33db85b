//! The integration tests: one binary, one file a subject, each driving the real thing.

mod embed;
mod index;
mod provider;
mod store;
mod support;
