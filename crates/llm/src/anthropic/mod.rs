//! Anthropic's Messages wire as pure translation: OpenAI's fields into its request, its answers and
//! stream events into ours. It opens no connection and keeps no time. Source: the reference of the
//! Messages API, version 2023-06-01, with its streaming and error pages.

mod error_body;
mod reply;
mod request;
mod sampling;
mod shapes;
mod stream;
mod tools;

pub(super) use error_body::{error_kind, error_words, is_quota, lacks_model};
pub(super) use reply::parse_reply;
pub(super) use request::{body, path};
pub(super) use stream::StreamState;

/// The header, and its value, that every request must have: the version of the wire.
pub(super) const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");
