//! Token ids that clients of OpenAI's API send in place of text, as text again. They are ids of
//! `cl100k_base`, whatever the model: its clients know no other.

use tiktoken_rs::cl100k_base_singleton;

/// The text of these ids; `None` when one of them is none, or they are no text together.
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
