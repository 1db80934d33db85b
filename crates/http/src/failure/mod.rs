//! Errors on their way to the client.

pub(crate) mod problem;
