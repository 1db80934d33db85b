//! Phrases by which a question asks in scripts without spaces (`data/asking_phrases.txt`).

use super::list::words;
use std::borrow::Cow;
use std::sync::LazyLock;

static PHRASES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| words(include_str!("../../data/asking_phrases.txt")).collect());

/// The question without such phrases, each of which leaves a space; as it is in other scripts.
pub(crate) fn without_asking(question: &str) -> Cow<'_, str> {
    let is_unspaced = |c: char| matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}');
    if question.is_ascii() || !question.chars().any(is_unspaced) {
        return Cow::Borrowed(question);
    }
    let mut text = question.to_owned();
    for phrase in PHRASES.iter() {
        if text.contains(phrase) {
            text = text.replace(phrase, " ");
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::without_asking;

    #[test]
    fn what_asks_is_left_out_and_the_subject_stays() {
        let words = |question: &str| -> Vec<String> {
            let text = without_asking(question);
            text.split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(words("押金是多少？"), ["押金"]);
        assert_eq!(words("敷金はいくらですか？"), ["敷金"]);
        assert_eq!(words("보증금은 얼마입니까?"), ["보증금은"]);
        assert_eq!(words("How much is it?"), ["How", "much", "is", "it"]);
    }
}
