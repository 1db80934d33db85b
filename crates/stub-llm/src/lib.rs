//! The scripted model server: it speaks the wire formats of OpenAI, Anthropic and Gemini, answers with a
//! fixed text, and fails as its script says. It has two faces over one transport:
//!
//! - [`serve`], the server of `ragd stub-llm`: behaviours by name, controlled over HTTP, so that an
//!   outage can be rehearsed and a gateway measured against an upstream that costs nothing;
//! - [`ScriptedServer`], for tests and benchmarks in their own process: replies built byte by byte
//!   ([`Reply`], [`Wire`]), queued or computed for each request, and requests recorded.
//!
//! No answer depends on the time, on chance, or on anything else of ragd.

mod answer_cache;
mod behaviour;
mod chat_request;
mod control;
mod embeddings;
mod pacing;
mod respond;
mod script;
mod script_state;
mod scripted;
#[cfg(test)]
mod scripted_tests;
mod server;
#[cfg(test)]
mod server_tests;
mod settings;
mod state;
mod text;
mod transport;
mod wire;

pub use behaviour::{BEHAVIOURS, Behaviour};
pub use script::ScriptEntry;
pub use scripted::{Recorded, ScriptedServer};
pub use server::serve;
pub use settings::{AnswerText, Pace, Settings};
pub use transport::{Reply, Request, Step};
pub use wire::{ErrorCause, Wire};
