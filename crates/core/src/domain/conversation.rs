//! Rooms and the messages in them: the only form of a conversation.

use super::{MessageId, OwnerId, RoomId};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// What a room is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum RoomKind {
    /// A person's own room.
    Main,
    /// A topic under a main room.
    Sub,
    /// A review under a sub room.
    Review,
    /// Made by a chat client's `session_id`.
    Session,
}

impl RoomKind {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What the room above it is; `None`: it has no room above it.
    pub const fn parent(self) -> Option<Self> {
        match self {
            Self::Main | Self::Session => None,
            Self::Sub => Some(Self::Main),
            Self::Review => Some(Self::Sub),
        }
    }
}

/// The `session_id` that a chat client chose: 1–64 of `A–Z a–z 0–9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct SessionKey(String);

impl SessionKey {
    /// The longest key, in characters.
    pub const MAX_CHARS: usize = 64;

    /// Reads a key.
    ///
    /// # Errors
    /// `Invalid` when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self> {
        let well_formed = !text.is_empty()
            && text.len() <= Self::MAX_CHARS
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid(format!(
                "session_id: must be 1 to {} of A-Z a-z 0-9 _ -",
                Self::MAX_CHARS
            )))
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A room as stored.
#[derive(Debug, Clone)]
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Who may read and change it.
    pub owner: OwnerId,
    /// Shown to its owner.
    pub name: String,
    /// What it is for.
    pub kind: RoomKind,
    /// The room above it.
    pub parent: Option<RoomId>,
    /// The chat client's key, for a session; unique for its owner.
    pub session_key: Option<SessionKey>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When a message was last added.
    pub updated_at: DateTime<Utc>,
}

impl Room {
    /// The longest name, in characters: with its owner it must fit into an entry of a Postgres index.
    pub const MAX_NAME_CHARS: usize = 200;

    /// Reads a name; surrounding white space is dropped.
    ///
    /// # Errors
    /// `Invalid` when it is empty, too long, or has control characters.
    pub fn parse_name(text: &str) -> Result<String> {
        let name = text.trim();
        let chars = name.chars().count();
        if (1..=Self::MAX_NAME_CHARS).contains(&chars) && !name.chars().any(char::is_control) {
            return Ok(name.to_owned());
        }
        Err(Error::invalid(format!(
            "name: must be 1 to {} characters, none of them control characters",
            Self::MAX_NAME_CHARS
        )))
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
    /// The operator.
    System,
}

impl Role {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Message {
    /// Whether a room remembers what such a message says: it is whole, and a person's or a model's.
    pub const fn is_remembered(role: Role, status: MessageStatus) -> bool {
        matches!(role, Role::User | Role::Assistant) && matches!(status, MessageStatus::Complete)
    }
}

/// Whether a message is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// It is whole.
    Complete,
    /// The stream that made it broke off.
    Incomplete,
}

impl MessageStatus {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One turn in a room. Its content and details are sealed before they reach a database.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The room that it is in.
    pub room: RoomId,
    /// Who owns the room.
    pub owner: OwnerId,
    /// Who speaks.
    pub role: Role,
    /// What was said.
    pub content: String,
    /// Whether it is whole.
    pub status: MessageStatus,
    /// For an answer: its sources, provider, model, usage and grounding, as JSON; null otherwise.
    pub details: serde_json::Value,
    /// When it was said.
    pub created_at: DateTime<Utc>,
}
