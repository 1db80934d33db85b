//! A paragraph into its sentences. It knows abbreviations, initials, numbers and quotation marks;
//! where a text has no full stops it cuts at a length, so that no "sentence" is a whole page. One
//! pass.

/// The longest sentence, in bytes; a longer one is cut at the next semicolon or space.
const LONGEST: usize = 480;

/// No abbreviation is longer than this, in bytes; so far back is looked for its beginning.
const LONGEST_ABBREVIATION: usize = 16;

/// Abbreviations, without their last full stop, after which a sentence goes on.
const ABBREVIATIONS: &[&str] = &[
    "al", "approx", "ca", "cf", "corp", "dept", "dr", "e.g", "ed", "eds", "eg", "eqs", "figs",
    "i.e", "ie", "inc", "jr", "ltd", "mr", "mrs", "ms", "nos", "op", "pp", "prof", "refs", "resp",
    "sr", "u.k", "u.s", "viz", "vols", "vs", "w.r.t",
];

/// Abbreviations that are words too: only a number after them says which.
const BEFORE_NUMBERS: &[&str] = &[
    "art", "cap", "ch", "chap", "eq", "fig", "max", "min", "no", "p", "ref", "sec", "sect", "tab",
    "vol",
];

/// The sentences of `text`, trimmed, in order, none empty.
pub fn split(text: &str) -> Vec<&str> {
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
    let listed = |list: &[&str]| list.binary_search(&lower.as_str()).is_ok();
    let numbered = next_word.starts_with(|c: char| c.is_ascii_digit());
    initial && word != "I" || number || listed(ABBREVIATIONS) || numbered && listed(BEFORE_NUMBERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        for list in [ABBREVIATIONS, BEFORE_NUMBERS] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        }
    }

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
