//! Cache keys: the kind of a value, and its id. Two kinds of values never share a key.

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Space {
    /// Answers to questions.
    Response,
    /// Answers to requests that carry an `Idempotency-Key`.
    Idempotency,
}

impl Space {
    /// The word in a key.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The key of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    space: Space,
    id: String,
}

impl CacheKey {
    /// The key of value `id` in `space`. Anyone who may list a server's keys sees the id, so hash
    /// secrets and private text first.
    pub fn new(space: Space, id: impl Into<String>) -> Self {
        Self {
            space,
            id: id.into(),
        }
    }

    /// The key on a server, below the prefix of this ragd: `ragd:response:0c5f…`.
    pub(super) fn under(&self, prefix: &str) -> String {
        format!("{prefix}:{}:{}", self.space.as_str(), self.id)
    }
}
