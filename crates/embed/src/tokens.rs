//! Text to token ids, as the model was trained: word pieces, with the marks for begin and end. It
//! takes any text whatever, and cuts what the model would not see.

use ragd_core::error::{Error, Result};
use tokenizers::{Tokenizer, TruncationParams};

/// How many tokens of a text the model sees, the two marks included.
pub const MAX_TOKENS: usize = 256;

/// How many bytes of a text are tokenised at most: 64 a token, many times what 256 tokens of
/// writing take, so that the rest of a huge text costs nothing.
const MAX_BYTES: usize = 64 * MAX_TOKENS;

/// The tokenizer, safe to share.
pub(super) struct Tokens(Tokenizer);

impl Tokens {
    /// Reads a `tokenizer.json`, replacing the truncation and padding to 128 that it ships with.
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
        // Batches are padded when their texts are known.
        tokenizer.with_padding(None);
        Ok(Self(tokenizer))
    }

    /// The ids of `text`: at least the two marks, at most [`MAX_TOKENS`].
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
