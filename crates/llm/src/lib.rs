//! Language models behind one door: [`Provider`] asks one upstream over its wire, whole or streamed,
//! and says honestly how it went; [`Router`] chooses whom to ask, guards each upstream by a breaker
//! and a limiter, and goes on to the next one when one fails; [`Reranker`] asks for scores;
//! [`extractive`] answers from the sources alone, without any model. A failure is never reported as
//! a success.

mod answer;
mod anthropic;
mod call;
mod error;
mod failure;
mod gemini;
mod metrics;
mod openai;
mod reader;
mod reply;
mod request;
mod rerank;
mod router;
mod settings;
mod sse;
mod transport;
mod wire;

pub use call::Provider;
pub use error::{
    DEFAULT_COOL_DOWN, ErrorDetail, Fault, MAX_COOL_DOWN, ProviderError, ProviderErrorKind,
};
pub use metrics::{CallCost, CallOutcome, LlmMetrics, ProviderGauges, ProviderSeries};
pub use openai::Envelope;
pub use reply::{ChatReply, ChatStream, Ending, FinishReason, Piece, StreamEvent, Usage};
pub use request::{ChatMessage, ChatRequest, WrittenRequest};
pub use rerank::{RerankWire, Reranker, RerankerSettings};
pub use router::{
    Answered, Answering, LastCall, Member, MemberParts, MemberSettings, MemberSnapshot, Operation,
    Overrides, Route, RouteError, RouteErrorKind, Router, RouterSettings, Served, Wish,
};
pub use settings::{ProviderSettings, Timeouts};
pub use wire::Wire;
