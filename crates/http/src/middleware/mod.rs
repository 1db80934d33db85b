//! The middleware around every handler: request id, log span, log line and metrics; the bodies of
//! failures; panics, deadlines and limits; CORS; idempotency.

mod cors;
mod guard;
pub(crate) mod idempotency;
mod observe;
mod request_id;
mod watched_body;

pub(super) use cors::cors;
pub(super) use guard::{Deadline, end_at_deadline, head_limited, limit_head, panic_answer, within};
pub(super) use observe::{RequestStart, observe, observed};
pub(super) use request_id::RequestId;
