//! The identifiers of every kind of object, each a type of its own so that one cannot be passed
//! for another. New ones are UUIDv7 (RFC 9562: time-ordered); passages are UUIDv5, made from what
//! they are a passage of. Knows nothing of how a database stores them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Timestamp, Uuid};

/// The namespace of every deterministic id that ragd makes.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d0b_5c1e_37a4_4f0e_9c55_72d5_0f6e_a1b7);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id that was stored or received.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for an adapter that stores or sends it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// A new time-ordered id (UUIDv7) of the moment `now`.
            pub fn new(now: DateTime<Utc>) -> Self {
                Self(uuid_v7(now))
            }

            /// Reads the hyphenated form; `None` when it is not a UUID.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// Who owns an object: a user, or the principal of an API key.
    OwnerId,
    /// A document.
    DocumentId,
    /// A passage: the unit of retrieval.
    PassageId,
    /// A room: the durable container of a conversation.
    RoomId,
    /// A message in a room.
    MessageId,
    /// A job.
    JobId,
    /// A row of the audit trail.
    AuditId,
    /// Feedback on an answer.
    FeedbackId,
    /// One of the people that an API key serves: see [`super::Nickname`].
    NicknameId,
}

impl OwnerId {
    /// The owner that a fixed principal name (`system`, `api-key`) stands for.
    pub fn of_principal(name: &str) -> Self {
        Self(Uuid::new_v5(
            &NAMESPACE,
            format!("principal:{name}").as_bytes(),
        ))
    }

    /// What the command line on the machine itself, and the server's own work, act as.
    pub fn system() -> Self {
        Self::of_principal("system")
    }
}

impl NicknameId {
    /// The id of the person whom `owner` calls `nickname`: the same every time.
    pub fn of(owner: OwnerId, nickname: &str) -> Self {
        let name = format!("nickname:{owner}:{nickname}");
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }
}

impl PassageId {
    /// The id of passage `ordinal` of one generation of a document: the same every time, so that
    /// applying a change twice is harmless.
    pub fn of_document(document: DocumentId, generation: i64, ordinal: i64) -> Self {
        let name = format!("document:{document}:{generation}:{ordinal}");
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }

    /// The id of passage `ordinal` of a message.
    pub fn of_message(message: MessageId, ordinal: i64) -> Self {
        let name = format!("message:{message}:{ordinal}");
        Self(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
    }
}

fn uuid_v7(now: DateTime<Utc>) -> Uuid {
    static CONTEXT: std::sync::Mutex<ContextV7> = std::sync::Mutex::new(ContextV7::new());
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    // A poisoned lock would mean that a thread died inside the generator; its state is still valid.
    let context = CONTEXT
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    Uuid::new_v7(Timestamp::from_unix(
        &*context,
        seconds,
        now.timestamp_subsec_nanos(),
    ))
}
