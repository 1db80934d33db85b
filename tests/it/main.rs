//! The integration tests: one binary, one file a subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod support;
mod text;
