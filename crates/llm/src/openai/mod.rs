//! OpenAI's chat format as pure translation: a request into JSON, JSON and stream events into our
//! types, and the typed form of a call from which other formats translate. Many upstreams speak it
//! (OpenAI, Groq, Ollama, vLLM, Flow, …); they differ in their settings only. It opens no connection
//! and keeps no time.

pub(super) mod call;
mod calls;
pub(super) mod compose;
mod envelope;
mod error_body;
mod reply;
mod request;
mod shapes;
mod stream;
mod vectors;

pub(super) use call::Unsendable;
pub use envelope::Envelope;
pub(super) use error_body::{error_words, is_filtered, is_quota, lacks_model};
pub(super) use reply::parse_reply;
pub(super) use request::{CHAT_PATH, EMBEDDINGS_PATH, Streamed, body};
pub(super) use stream::StreamState;
pub(super) use vectors::embeddings_usage;
