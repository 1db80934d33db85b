//! What tests stand on.

pub mod upstream;
pub mod upstream_reply;
