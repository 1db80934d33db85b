//! What the scripted server is started with: the text of its answers, how fast they come, and its
//! script.

use super::script::{ScriptEntry, check_speed};
use ragd_core::error::{Error, Result};

/// The largest number of tokens of the fixed sentence.
const MOST_TOKENS: usize = 100_000;
/// The largest number of dimensions of an embedding.
pub(super) const MOST_DIMENSIONS: usize = 16_384;

/// The text of every correct answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AnswerText {
    /// A sentence, repeated until the tokens are used up.
    #[default]
    Sentence,
    /// ` t1 t2 t3 …`: each token carries its number, for measuring gaps.
    Numbered,
    /// The last message of the user.
    Echo,
    /// This text.
    Say(String),
    /// The first sentence of source number 1 of the system message, then ` [1]`.
    Cite,
}

/// How fast an answer comes, unless an entry of the script says otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Milliseconds before the first byte.
    pub latency_ms: u64,
    /// Tokens a second; 0: all at once. An answer that is not streamed comes when its last token
    /// would have come.
    pub tokens_per_second: f64,
    /// Milliseconds between two tokens of `trickle`, two bytes of `slow-headers`.
    pub trickle_ms: u64,
    /// `Retry-After` of error answers, in seconds.
    pub retry_after_s: Option<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            tokens_per_second: 0.0,
            trickle_ms: 1_000,
            retry_after_s: None,
        }
    }
}

/// What a scripted server is started with.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The text of correct answers.
    pub text: AnswerText,
    /// How many tokens the fixed sentence has, at least 1; also of an echo or a citation that finds
    /// nothing to repeat.
    pub tokens: usize,
    /// How many dimensions an embedding has, unless the request asks for another number.
    pub dimension: usize,
    /// How fast answers come.
    pub pace: Pace,
    /// The script, entry after entry; after that answers are correct.
    pub script: Vec<ScriptEntry>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            text: AnswerText::Sentence,
            tokens: 64,
            dimension: 1_536,
            pace: Pace::default(),
            script: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether a server can be started with these.
    ///
    /// # Errors
    /// Invalid, naming the setting and the limit.
    pub fn check(&self) -> Result<()> {
        within("tokens", self.tokens, MOST_TOKENS)?;
        within("dimension", self.dimension, MOST_DIMENSIONS)?;
        check_speed(self.pace.tokens_per_second)?;
        self.script.iter().try_for_each(ScriptEntry::check)
    }
}

fn within(name: &str, value: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name}: must be between 1 and {most}, not {value}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_nonsense_is_not() {
        assert!(Settings::default().check().is_ok());
        let mut settings = Settings {
            tokens: 0,
            ..Settings::default()
        };
        assert!(settings.check().is_err());
        settings = Settings::default();
        settings.pace.tokens_per_second = f64::NAN;
        assert!(settings.check().is_err());
    }
}
