//! Errors on their way to the client: the failure of a handler, its two JSON forms, its log line.

pub(crate) mod openai;
pub(crate) mod problem;
pub(crate) mod report;
