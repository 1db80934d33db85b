//! Text to token ids, as the model was trained: word pieces, between a start and an end token. It
//! accepts any text, and cuts off what the model does not see.

use ragd_core::error::{Error, Result};
use tokenizers::{Tokenizer, TruncationParams};

/// How many tokens of a text the model sees, start and end token included.
pub const MAX_TOKENS: usize = 256;

/// The most bytes of a text that are tokenised: 64 a token, many times the length of 256 tokens of
/// ordinary text, so that the rest of a huge text costs nothing.
const MAX_BYTES: usize = 64 * MAX_TOKENS;

/// The tokenizer, safe to share.
pub(super) struct Tokens(Tokenizer);

impl Tokens {
    /// Reads a `tokenizer.json` and replaces its own truncation and padding to 128 tokens.
    pub(super) fn load(json: &[u8]) -> Result<Self> {
        let invalid = |cause| Error::internal("the tokenizer does not load").with_source(cause);
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(invalid)?;
        let truncation = TruncationParams {
            max_length: MAX_TOKENS,
            ..TruncationParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(invalid)?;
        // The encoder pads each batch to its longest text.
        tokenizer.with_padding(None);
        Ok(Self(tokenizer))
    }

    /// The ids of `text`: at least the start and end token, at most [`MAX_TOKENS`].
    pub(super) fn encode(&self, text: &str) -> Result<Vec<i32>> {
        let text = text.trim_start();
        let seen = text
            .get(..text.floor_char_boundary(MAX_BYTES))
            .unwrap_or(text);
        let encoding = self
            .0
            .encode_fast(seen, true)
            .map_err(|cause| Error::internal("the tokenizer failed").with_source(cause))?;
        Ok(encoding
            .get_ids()
            .iter()
            .map(|id| id.cast_signed())
            .collect())
    }
}
