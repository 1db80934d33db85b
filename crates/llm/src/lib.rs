//! Calls to language models: [`Provider`] calls one upstream over its wire, whole or streamed, and
//! reports how that went; [`Router`] chooses the provider, guards each by a breaker and a limiter, and
//! falls back to the next one when one fails; [`Reranker`] asks for scores behind the same guard. A
//! failure is never reported as a success.

mod answer;
mod anthropic;
mod call;
mod delay;
mod dialect;
mod error;
mod failure;
mod gemini;
mod guard;
mod marker;
mod metrics;
mod openai;
mod reader;
mod refused_field;
mod reply;
mod request;
mod rerank;
mod router;
mod settings;
mod sse;
mod transport;
mod wire;
mod withheld;

pub use call::Provider;
pub use error::{
    DEFAULT_COOL_DOWN, ErrorDetail, Fault, MAX_COOL_DOWN, ProviderError, ProviderErrorKind,
};
pub use guard::Operation;
pub use metrics::{CallCost, CallOutcome, LlmMetrics, ProviderSeries};
pub use openai::Envelope;
pub use reply::{ChatReply, ChatStream, FinishReason, Piece, StreamEnd, StreamEvent, Usage};
pub use request::{ChatMessage, ChatRequest, WrittenRequest};
pub use rerank::{RerankWire, Reranker, RerankerSettings, Skipped};
pub use router::{
    Completion, CompletionStream, LastCall, Member, MemberSettings, MemberSnapshot, Overrides,
    Route, RouteError, RouteErrorKind, RouteRequest, Router, RouterSettings, Served,
};
pub use settings::{ProviderSettings, Timeouts, UpstreamParts};
pub use wire::Wire;
