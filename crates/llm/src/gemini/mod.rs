//! Google's Gemini wire (`generateContent`, `streamGenerateContent`) as pure translation: OpenAI's
//! fields into its request, its answers and stream events into ours. It opens no connection and
//! keeps no time. Source: the reference of the Gemini API, v1beta.

mod call_id;
mod contents;
mod error_body;
mod reply;
mod request;
mod shapes;
mod stream;

pub(super) use error_body::{error_kind, error_words, is_quota, lacks_model, retry_delay};
pub(super) use reply::parse_reply;
pub(super) use request::{body, path};
pub(super) use stream::StreamState;
