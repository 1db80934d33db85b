//! The integration tests: one binary, one file a subject, each driving the real thing.

mod index;
mod store;
mod support;
