//! The integration tests, one binary.

mod provider;
mod support;
