//! What surrounds every handler: the request's id, its span, its line in the log and its metrics;
//! failures in one shape; panics, deadlines, compression and foreign origins. Knows no route.

mod cors;
mod guard;
pub(crate) mod idempotency;
mod observe;
mod request_id;
mod watched_body;

pub(super) use cors::cors;
pub(super) use guard::{Deadline, end_at_deadline, head_limited, limit_head, panic_answer, within};
pub(super) use observe::{Begun, observe, observed, report};
pub(super) use request_id::RequestId;
