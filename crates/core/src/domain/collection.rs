//! The name of a set of documents. It becomes a payload filter and a column, never a path.

use crate::error::{Error, Result};
use serde::Serialize;

/// A collection's name: 1–64 of `A–Z a–z 0–9 _ - .`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Collection(String);

impl Collection {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// The collection that every principal with scope `chat` may read.
    pub fn default_collection() -> Self {
        Self("default".to_owned())
    }

    /// Reads a name.
    ///
    /// # Errors
    /// `Invalid` when the name is empty, too long or has other characters.
    pub fn parse(name: &str) -> Result<Self> {
        let well_formed = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.len() <= Self::MAX_CHARS;
        if well_formed {
            Ok(Self(name.to_owned()))
        } else {
            Err(Error::invalid(format!(
                "collection: must be 1 to {} of A-Z a-z 0-9 _ - . and begin with a letter or digit",
                Self::MAX_CHARS
            )))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
