//! What chat gives back: a whole answer, the message that it was stored as, and the events of a
//! stream.

use super::draft::Draft;
use super::source::Source;
use ragd_core::domain::{Message, MessageId};
use ragd_core::error::Error;
use ragd_llm::Served;
use std::sync::Arc;

/// An answer in its conversation.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was answered; callers who asked the same at the same time share it.
    pub draft: Arc<Draft>,
    /// The conversation.
    pub session_id: String,
    /// The answer as a message of its room.
    pub message_id: MessageId,
}

/// An answer with the message that it was stored as.
#[derive(Debug, Clone)]
pub struct StoredAnswer {
    /// The answer.
    pub answer: Answer,
    /// Its message, as [`Chat::message`](super::Chat::message) would read it.
    pub message: Message,
}

/// The events of a streamed answer, in this order: `Metadata`, `Answering`, `Token`s, then `Done` or
/// `Error`.
#[derive(Debug)]
pub enum ChatEvent {
    /// The conversation and the sources, before the first token.
    Metadata {
        /// The conversation.
        session_id: String,
        /// What was searched: the question, or how it stands without the conversation before it.
        searched: String,
        /// The numbered sources.
        sources: Vec<Source>,
    },
    /// Which provider answers, before the first token; a cached answer has none.
    Answering(Served),
    /// More of the answer.
    Token(String),
    /// The whole answer, checked and stored.
    Done(Box<Answer>),
    /// The answer broke off, or did not begin.
    Error {
        /// What happened.
        error: Error,
        /// Whether a part of the answer had been sent.
        partial: bool,
    },
}
