//! Chat: the one path of every answer, whatever the entry point. Session → response cache →
//! retrieve → prompt → provider chain → verify citations → store both messages. A provider's failure
//! is an error, never an answer; an answer that its sources do not support is marked as such.

mod answer;
mod answering;
mod citations;
mod conversation;
mod diversity;
mod draft;
mod drafting;
mod extract;
mod feedback;
mod metrics;
mod people;
mod prompt;
mod recall;
mod reply;
mod request;
mod response_cache;
mod response_key;
mod retention;
mod retrieve;
mod rooms;
mod sanitize;
mod searched;
mod service;
mod session;
mod single_flight;
mod source;
mod stream;
mod summary;
mod turn;
mod unfinished;

pub use answer::{Answer, ChatEvent, StoredAnswer};
pub use draft::{Citation, CitationStatus, Draft};
pub use feedback::{Feedback, FeedbackSubject, NewFeedback, ShownSource};
pub use metrics::ChatMetrics;
pub use people::{Conversation, Person};
pub use request::{ChatRequest, Origin};
pub use response_cache::ResponseCache;
pub use retention::{SessionCopy, SessionCounts};
pub use rooms::{CODE_PARENT, NewRoom};
pub use service::{Chat, ChatParts};
pub use session::{CODE_SESSION_NOT_FOUND, OpenedRoom};
pub use source::Source;
