//! The name by which a client tells the people apart that it serves with one API key.

use super::{NicknameId, OwnerId};
use crate::error::{Error, Result};

/// A nickname: 1–64 characters after trimming, none of them control characters. It is no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    /// The longest nickname, in Unicode scalar values.
    pub const MAX_CHARS: usize = 64;

    /// Reads a nickname; surrounding white space is dropped.
    ///
    /// # Errors
    /// `Invalid` when it is empty, too long or has control characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let fits = (1..=Self::MAX_CHARS).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!(
            "nickname: must have 1 to {} characters, none of them control characters",
            Self::MAX_CHARS
        )))
    }

    /// What is stored of it, for `owner`.
    pub fn id(&self, owner: OwnerId) -> NicknameId {
        NicknameId::of(owner, &self.0)
    }
}
