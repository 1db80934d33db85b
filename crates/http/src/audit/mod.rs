//! The audit trail as the HTTP layer writes it. Lines that a client could repeat at will are limited to
//! one a minute for each address.

pub(crate) mod event;
pub(crate) mod rate_limited;
pub(crate) mod throttle;
