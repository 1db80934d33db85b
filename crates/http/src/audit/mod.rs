//! Audit lines that a client could repeat at will: at most one a minute for each address.

pub(crate) mod rate_limited;
pub(crate) mod throttle;
