//! The extractors of handlers: the caller, and JSON, forms, queries and path ids within their limits.
//! Invalid syntax is refused with 400, an invalid value with 422 that names its field, an excessive size
//! with 413.

mod body;
pub(crate) mod caller;
pub(crate) mod client;
mod depth;
pub(crate) mod disclosure;
mod form;
mod json;
mod path;
mod query;
mod whole;

pub(super) use body::{DRAIN_BYTES, body_within};
pub(super) use form::Form;
pub(super) use json::{Json, OptionalJson, parse_flat, require_json};
pub(super) use path::PathId;
pub(super) use query::{Page, Query, parsed};
pub(super) use whole::Whole;
