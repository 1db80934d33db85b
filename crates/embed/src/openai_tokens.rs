//! Decodes token ids that clients of OpenAI's API send instead of text. They are taken as ids of
//! `cl100k_base` whatever the model, the only encoding that these clients use for embeddings.

use tiktoken_rs::cl100k_base_singleton;

/// The text of these ids; `None` when an id is unknown or the bytes are not valid UTF-8.
pub fn text_of_tokens(ids: &[u32]) -> Option<String> {
    cl100k_base_singleton().decode(ids).ok()
}

#[cfg(test)]
mod tests {
    use super::text_of_tokens;

    #[test]
    fn ids_are_text_again() {
        assert_eq!(
            text_of_tokens(&[9906, 1917]).as_deref(),
            Some("Hello world")
        );
        assert_eq!(text_of_tokens(&[u32::MAX]), None);
    }
}
