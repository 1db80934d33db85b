//! A language model that is none: a server with the shapes of three vendors that says a fixed text
//! and fails as it is told, so that an outage can be rehearsed on one's own machine and a gateway
//! can be measured against an upstream that costs nothing. It refuses to be clever: no answer
//! depends on the time, on chance, or on anything else of ragd.

mod anthropic;
mod behaviour;
mod body;
mod call;
mod dialect;
mod director;
mod drip;
mod embeddings;
mod gemini;
mod openai;
mod repertoire;
mod reply;
mod scene;
mod schedule;
mod server;
#[cfg(test)]
mod server_tests;
mod settings;
mod speech;
mod stage;
mod steering;

pub use behaviour::{BEHAVIOURS, Behaviour};
pub use scene::Scene;
pub use server::serve;
pub use settings::{Pace, Settings, Speech};
