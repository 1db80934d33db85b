//! A question to chat, with everything that a caller may choose.

use ragd_core::domain::{Collection, Nickname, Question, Role, RoomId, SessionKey, TopK};
use std::net::IpAddr;

/// Where a question comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The caller's address.
    pub address: Option<IpAddr>,
    /// Which of the people that the caller serves asks; the conversation must belong to this person.
    pub nickname: Option<Nickname>,
}

/// A question in a conversation.
#[derive(Debug, Clone)]
pub struct ChatRequest {
    /// The question.
    pub question: Question,
    /// The earlier messages, oldest first, where the caller sends them; `None`: as they are stored.
    pub history: Option<Vec<(Role, String)>>,
    /// The conversation; `None` begins one.
    pub session: Option<SessionKey>,
    /// The room, instead of a session.
    pub room: Option<RoomId>,
    /// Only this collection's documents.
    pub collection: Option<Collection>,
    /// The model; `None`: the provider's.
    pub model: Option<String>,
    /// The provider; `None`: the default.
    pub provider: Option<String>,
    /// How many sources the answer may use; `None`: as configured.
    pub top_k: Option<TopK>,
    /// The sampling temperature.
    pub temperature: Option<f32>,
    /// The longest answer, in the model's tokens.
    pub max_tokens: Option<u32>,
    /// Where it comes from.
    pub origin: Origin,
}
