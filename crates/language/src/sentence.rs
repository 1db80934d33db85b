//! Where sentences end: [`split`] cuts a paragraph into all of them, [`last`] finds the one that a
//! citation marker closes. Both know abbreviations and initials; [`split`] also knows numbers and
//! quotation marks, and cuts at a length where a text has no full stops, so that no "sentence" is a
//! whole page. It changes no word.

use crate::lexicon::abbreviation;

/// The longest sentence, in bytes; a longer one is cut at the next semicolon or space.
const LONGEST: usize = 480;

/// No abbreviation is longer than this, in bytes; so far back is looked for its beginning.
const LONGEST_ABBREVIATION: usize = 16;

/// The sentences of `text`, trimmed, in order, none empty.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let mut end = at + c.len_utf8();
        let stops = match c {
            '。' | '！' | '？' => true,
            '.' | '!' | '?' | '…' => {
                while let Some(&(next, closing)) = chars.peek() {
                    if !is_closing(closing) {
                        break;
                    }
                    end = next + closing.len_utf8();
                    chars.next();
                }
                is_end(text[start..at].trim_start(), c, &text[end..])
            }
            ';' => end - start > LONGEST / 2,
            c if c.is_whitespace() => end - start > LONGEST,
            _ => false,
        };
        if stops {
            push(&text[start..end], &mut sentences);
            start = end;
        }
    }
    push(&text[start..], &mut sentences);
    sentences
}

fn push<'a>(sentence: &'a str, sentences: &mut Vec<&'a str>) {
    let sentence = sentence.trim();
    if !sentence.is_empty() {
        sentences.push(sentence);
    }
}

/// Marks that belong to the sentence before them.
fn is_closing(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '"' | '\'' | '”' | '’' | '»' | ')' | ']'
    )
}

fn is_end(before: &str, stop: char, after: &str) -> bool {
    let mut following = after.chars();
    match following.next() {
        None => return true,
        Some(c) if !c.is_whitespace() => return false,
        Some(_) => {}
    }
    let next_word = after.split_whitespace().next().unwrap_or_default();
    if !can_begin(next_word) {
        return false;
    }
    stop != '.' || !is_abbreviation(before, next_word)
}

/// A sentence begins with a capital, a digit, an opening mark or a name such as `work_mem`.
fn can_begin(word: &str) -> bool {
    let Some(first) = word.chars().next() else {
        return true;
    };
    !first.is_lowercase() && !matches!(first, ',' | ';' | ':' | ')' | ']')
        || word.contains('_')
        || word.chars().any(|c| c.is_ascii_digit())
}

/// Whether the last word before a full stop is an abbreviation, an initial or a list's number.
fn is_abbreviation(before: &str, next_word: &str) -> bool {
    let tail = before
        .char_indices()
        .rev()
        .take(LONGEST_ABBREVIATION)
        .find(|(_, c)| c.is_whitespace() || matches!(c, '(' | '[' | '"'));
    let (word, alone) = match tail {
        Some((at, c)) => (before.get(at + c.len_utf8()..).unwrap_or_default(), false),
        None if before.len() <= LONGEST_ABBREVIATION => (before, true),
        None => return false,
    };
    let lower = word.to_lowercase();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let number = alone && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let known = abbreviation(&lower);
    let numbered = next_word.starts_with(|c: char| c.is_ascii_digit());
    initial && word != "I" || number || known.always || numbered && known.before_number
}

/// The last sentence of `text`; a full stop at its very end belongs to it.
pub(crate) fn last(text: &str) -> &str {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let body = text.trim_end_matches(['.', '!', '?', ' ']);
    let start = body
        .char_indices()
        .rev()
        .find(|&(at, c)| c == '\n' || matches!(c, '.' | '!' | '?') && ends_before_marker(body, at))
        .map_or(0, |(at, c)| at + c.len_utf8());
    body.get(start..)
        .unwrap_or_default()
        .trim()
        .trim_start_matches(['-', '*', ' ', '.', '>'])
}

/// Whether a sentence ends at the full stop at `at`: what follows does not begin in lower case, and no
/// abbreviation precedes it.
fn ends_before_marker(body: &str, at: usize) -> bool {
    let (before, rest) = body.split_at(at);
    let mut following = rest.chars().skip(1);
    let spaced = following.next().is_some_and(char::is_whitespace);
    let next = following.find(|c| !c.is_whitespace());
    if !spaced || next.is_none_or(char::is_lowercase) {
        return false;
    }
    let word = before
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next()
        .unwrap_or_default();
    let word = word.to_lowercase();
    !abbreviation(&word).before_marker && word.chars().count() != 1
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_would_end_them() {
        for (text, expected) in [
            (
                "Set it to 0.5 or 1. The default is 2.5 s, e.g. Postgres uses it. work_mem is another.",
                vec![
                    "Set it to 0.5 or 1.",
                    "The default is 2.5 s, e.g. Postgres uses it.",
                    "work_mem is another.",
                ],
            ),
            (
                "Dr. J. Smith et al. (see Fig. 3) said \"No.\" Then he left! Did he?",
                vec![
                    "Dr. J. Smith et al. (see Fig. 3) said \"No.\"",
                    "Then he left!",
                    "Did he?",
                ],
            ),
            (
                "Edit .bashrc now (it is read at start.) Version 2.0.1 is fine...",
                vec![
                    "Edit .bashrc now (it is read at start.)",
                    "Version 2.0.1 is fine...",
                ],
            ),
            (
                "1. Open the lid. 2. Press start.",
                vec!["1. Open the lid.", "2. Press start."],
            ),
            (
                "数据库很快。它是免费的！",
                vec!["数据库很快。", "它是免费的！"],
            ),
            ("no stop at all", vec!["no stop at all"]),
            ("  ", vec![]),
        ] {
            assert_eq!(split(text), expected);
        }
    }

    #[test]
    fn text_without_full_stops_is_cut_at_a_length() {
        let text = "lorem ipsum ".repeat(1_000);
        let sentences = split(&text);
        assert!(
            sentences
                .iter()
                .all(|sentence| sentence.len() <= LONGEST + 6)
        );
        assert_eq!(sentences.join(" "), text.trim());
    }

    #[test]
    fn no_word_is_lost() {
        let text = "A?! B… (C.) \"D.\" E; F. 3. G";
        assert_eq!(split(text).join(" "), text);
    }
}
