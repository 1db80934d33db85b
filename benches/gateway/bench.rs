//! What both parts of this benchmark measure: the two places to call.

use super::child::Ragd;
use std::net::SocketAddr;
use std::time::Instant;

/// The two places to call, and where times count from.
#[derive(Debug)]
pub struct Bench {
    pub upstream: SocketAddr,
    pub ragd: Ragd,
    pub origin: Instant,
}
