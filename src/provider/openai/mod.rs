//! OpenAI's chat wire as pure translation: a request into JSON, JSON and stream events into our
//! words. Many upstreams speak it (OpenAI, Groq, Ollama, vLLM, …); they differ in their settings
//! only. It opens no connection and keeps no time.

mod error_body;
mod reply;
mod request;
mod shapes;
mod stream;

pub(super) use error_body::{error_words, is_quota};
pub(super) use reply::parse_reply;
pub(super) use request::{CHAT_PATH, body};
pub(super) use stream::parse_frame;
