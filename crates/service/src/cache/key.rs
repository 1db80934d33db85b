//! The name of a value: what it is of, and which one. Two kinds of values never share a name.

/// What a value is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// Answers to questions.
    Response,
    /// Answers to requests that carry an `Idempotency-Key`.
    Idempotency,
}

impl Space {
    /// The word in a key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Idempotency => "idempotency",
        }
    }
}

/// The name of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    space: Space,
    id: String,
}

impl CacheKey {
    /// The value `id` of `space`. The id is shown to whoever may list a server's keys, so a secret
    /// or a private text is hashed first.
    pub fn new(space: Space, id: impl Into<String>) -> Self {
        Self {
            space,
            id: id.into(),
        }
    }

    /// The name under `prefix`, which is that of one ragd among others: `ragd:response:0c5f…`.
    pub(super) fn under(&self, prefix: &str) -> String {
        format!("{prefix}:{}:{}", self.space.as_str(), self.id)
    }
}
