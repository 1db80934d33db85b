//! What people ask, and how much they want back: each parsed once, when it comes in, with its limit.

use crate::error::{Error, Result};

/// A question for `/chat`: 1–8,000 characters after trimming, with no NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question(String);

impl Question {
    /// The longest question, in Unicode scalar values.
    pub const MAX_CHARS: usize = 8_000;

    /// Reads a question; surrounding white space is dropped.
    ///
    /// # Errors
    /// `Invalid` with the limit that the question breaks.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_field("question", text)
    }

    /// Reads a question; `field` is the name the error shows.
    ///
    /// # Errors
    /// As [`Question::parse`].
    pub fn parse_field(field: &str, text: &str) -> Result<Self> {
        parse_text(field, text, Self::MAX_CHARS).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What to search for: 1–8,000 characters after trimming, with no NUL. It is words, never syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery(String);

impl SearchQuery {
    /// Reads a query; `field` is the name the error shows.
    ///
    /// # Errors
    /// `Invalid` with the limit that the query breaks.
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        parse_text(field, text, Question::MAX_CHARS).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Question> for SearchQuery {
    fn from(question: Question) -> Self {
        Self(question.0)
    }
}

/// How many passages to return: 1–100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopK(usize);

impl TopK {
    /// The most that may be asked for.
    pub const MAX: usize = 100;

    /// Reads a number as it came; `field` is the name the error shows.
    ///
    /// # Errors
    /// `Invalid` when it is not within 1–100.
    pub fn parse(field: &str, value: i64) -> Result<Self> {
        match usize::try_from(value) {
            Ok(count @ 1..=Self::MAX) => Ok(Self(count)),
            _ => Err(Error::invalid(format!(
                "{field}: must be between 1 and {}, not {value}",
                Self::MAX
            ))),
        }
    }

    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }
}

fn parse_text(field: &str, text: &str, max_chars: usize) -> Result<String> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 {
        Err(Error::invalid(format!(
            "{field}: must have 1 to {max_chars} characters, it is empty"
        )))
    } else if chars > max_chars {
        Err(Error::invalid(format!(
            "{field}: must have 1 to {max_chars} characters, it has {chars}"
        )))
    } else if text.contains('\0') {
        Err(Error::invalid(format!(
            "{field}: must not contain NUL characters"
        )))
    } else {
        Ok(text.to_owned())
    }
}
