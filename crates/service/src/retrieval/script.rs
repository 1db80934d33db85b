//! Whether a question is written in the script of the English embedding model.

/// Whether at least half of a text's letters are Latin ones; so is a text without letters.
pub(super) fn is_latin(text: &str) -> bool {
    let (mut latin, mut all) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        all += 1;
        latin += usize::from(
            matches!(c, '\u{0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff21}'..='\u{ff5a}'),
        );
    }
    latin * 2 >= all
}

#[cfg(test)]
mod tests {
    use super::is_latin;

    #[test]
    fn most_letters_decide() {
        for text in [
            "How heavy is it?",
            "Wie schwer ist die Tür?",
            "12:30",
            "Was heißt 押金?",
            "ＡＢＣ",
        ] {
            assert!(is_latin(text), "{text}");
        }
        for text in [
            "押金是多少？",
            "家賃はいくら？",
            "월세는?",
            "ค่าเช่าเท่าไร",
            "Сколько стоит API?",
            "كم الإيجار",
        ] {
            assert!(!is_latin(text), "{text}");
        }
    }
}
