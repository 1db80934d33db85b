//! Text into tokens that remember what a comparison needs: the stem, whether it is a name, a number
//! or an empty word, and where clauses end. It compares nothing.

use super::synonyms::groups;
use crate::extractive::is_stop_word;
use qdrant_rust_stemmers::{Algorithm, Stemmer};

/// Shorter words keep their ending: stemming would confuse more than it joins.
const SHORTEST_STEMMED: usize = 4;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A word of a sentence.
    Word,
    /// Written in digits, perhaps with a unit behind them.
    Number,
    /// Looks like an identifier, an option, a file, an acronym or a version: never inflected.
    Name,
}

/// A word, number or name of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// In lower case, without a possessive ending.
    pub(super) lower: String,
    /// What is compared.
    pub(super) stem: String,
    /// What it is.
    pub(super) class: Class,
    /// The groups of synonyms that it belongs to.
    pub(super) groups: Vec<usize>,
    /// It says nothing about the subject by itself.
    pub(super) is_stop: bool,
    /// It begins with a capital that a sentence's beginning does not explain.
    pub(super) is_capital: bool,
    /// A clause ends between the token before and this one.
    pub(super) begins_clause: bool,
    /// A sign that belongs to a number: `%`.
    pub(super) is_percent: bool,
}

impl Token {
    /// Whether some group of synonyms has both.
    pub(super) fn is_synonym_of(&self, other: &Self) -> bool {
        self.groups.iter().any(|group| other.groups.contains(group))
    }

    /// Whether the claim would say something else without it.
    pub(super) fn is_content(&self) -> bool {
        !self.is_stop
    }
}

/// The tokens of `text`, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader {
        stemmer: Stemmer::create(Algorithm::English),
        tokens: Vec::new(),
        clause: true,
        sentence: true,
    };
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let length = word_length(rest, before);
        if length == 0 {
            reader.mark(first, rest);
            before = first;
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else {
            let (written, tail) = rest.split_at(length);
            let percent = tail.trim_start().starts_with('%');
            reader.word(written, percent);
            before = written.chars().next_back().unwrap_or(' ');
            rest = tail;
        }
    }
    hide_units(&mut reader.tokens);
    reader.tokens
}

/// A unit behind its number is a part of the quantity, not a word or a name of its own.
fn hide_units(tokens: &mut [Token]) {
    for at in 1..tokens.len() {
        if super::quantity::is_unit_at(tokens, at)
            && let Some(token) = tokens.get_mut(at)
        {
            token.class = Class::Word;
            token.is_stop = true;
        }
    }
}

struct Reader {
    stemmer: Stemmer,
    tokens: Vec<Token>,
    clause: bool,
    sentence: bool,
}

impl Reader {
    /// Notes what a mark between words ends.
    fn mark(&mut self, mark: char, rest: &str) {
        let spaced = rest
            .chars()
            .nth(mark.len_utf8().min(1))
            .is_none_or(char::is_whitespace);
        match mark {
            '.' | '!' | '?' | ':' if spaced => {
                self.clause = true;
                self.sentence = true;
            }
            '\n' | '•' | '›' | '|' => {
                self.clause = true;
                self.sentence = true;
            }
            ';' | ',' | '(' | ')' | '—' | '–' => self.clause = true,
            _ => {}
        }
    }

    fn word(&mut self, written: &str, percent: bool) {
        let written = written.trim_end_matches(['\'', '’']);
        let written = written.strip_suffix("'s").unwrap_or(written);
        let written = written.strip_suffix("’s").unwrap_or(written);
        // `POSIX-mandated` is two words; `sha-256` and `--dry-run` are one name.
        let joined = written.contains('-')
            && !written.starts_with('-')
            && !written.contains(['_', '.'])
            && !written.bytes().any(|b| b.is_ascii_digit());
        let whole = !joined && class(written) != Class::Word;
        let parts: Vec<&str> = if whole {
            vec![written]
        } else {
            written.split('-').filter(|part| !part.is_empty()).collect()
        };
        for part in parts {
            self.token(part, percent);
        }
    }

    fn token(&mut self, written: &str, percent: bool) {
        let class = class(written);
        let lower = written.to_lowercase().replace('’', "'");
        let capital = written.chars().next().is_some_and(char::is_uppercase);
        let is_stop = class != Class::Number && is_stop_word(&lower)
            || matches!(lower.as_str(), "i.e" | "e.g" | "cannot" | "e" | "s")
            || lower.ends_with("n't");
        self.tokens.push(Token {
            stem: self.stem(&lower, class),
            groups: groups(&lower),
            class,
            is_stop,
            is_capital: capital && !self.sentence,
            begins_clause: std::mem::take(&mut self.clause),
            is_percent: percent && class == Class::Number,
            lower,
        });
        self.sentence = false;
    }

    fn stem(&self, lower: &str, class: Class) -> String {
        let plain = lower.len() >= SHORTEST_STEMMED && lower.bytes().all(|b| !b.is_ascii_digit());
        if class == Class::Number || !plain || lower.contains(['_', '.']) {
            lower.to_owned()
        } else {
            self.stemmer.stem(lower).into_owned()
        }
    }
}

/// The bytes of the word at the start of `text`; 0 when there is none.
fn word_length(text: &str, before: char) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    if !before.is_alphanumeric() && text.starts_with('-') {
        // An option such as `-F` or `--jobs`, or a negative number.
        let dashes = text.bytes().take_while(|b| *b == b'-').count();
        let follows = text.get(dashes..).and_then(|rest| rest.chars().next());
        if dashes > 2 || !follows.is_some_and(char::is_alphanumeric) {
            return 0;
        }
        for _ in 0..dashes {
            chars.next();
        }
    }
    while let Some((at, c)) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            end = at + c.len_utf8();
            continue;
        }
        let next = chars.peek().map(|&(_, next)| next);
        let digits = || {
            let behind = text.get(at + 1..).unwrap_or_default();
            let three = behind.bytes().take_while(u8::is_ascii_digit).count() == 3;
            three
                && text
                    .get(..at)
                    .is_some_and(|t| t.ends_with(|c: char| c.is_ascii_digit()))
        };
        let connects = match c {
            '-' | '.' | '\'' | '’' => {
                next.is_some_and(|next| next.is_alphanumeric() || next == '_')
            }
            ',' => digits(),
            _ => false,
        };
        if end == 0 || !connects {
            break;
        }
    }
    end
}

fn class(written: &str) -> Class {
    let bare = written.trim_start_matches('-');
    let digits = bare.bytes().filter(u8::is_ascii_digit).count();
    if digits > 0 {
        return if super::quantity::is_quantity(written) {
            Class::Number
        } else {
            Class::Name
        };
    }
    let letters = || bare.chars().filter(|c| c.is_alphabetic());
    let capitals = letters().filter(|c| c.is_uppercase()).count();
    let acronym = capitals >= 2 && capitals == letters().count();
    let inner = bare
        .split('-')
        .any(|part| part.chars().skip(1).any(char::is_uppercase));
    let dotted = bare.contains('.') && !matches!(bare, "i.e" | "e.g" | "I.e" | "E.g");
    let option = bare.len() < written.len();
    if acronym || inner || dotted || option || bare.contains('_') {
        Class::Name
    } else {
        Class::Word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_know_what_they_are() {
        let found = tokens(
            "The pg_hba.conf file's 1,600 rows: 16MB each, RFC 7677 isn't point-in-time. Use -Fc",
        );
        let of = |class| -> Vec<&str> {
            let of_class = found.iter().filter(|token| token.class == class);
            of_class.map(|token| token.lower.as_str()).collect()
        };
        assert_eq!(of(Class::Name), ["pg_hba.conf", "rfc", "-fc"]);
        assert_eq!(of(Class::Number), ["1,600", "16mb", "7677"]);
        let words = of(Class::Word);
        assert!(words.contains(&"file") && words.contains(&"isn't") && words.contains(&"time"));
        let starts: Vec<&str> = found
            .iter()
            .filter(|token| token.begins_clause)
            .map(|token| token.lower.as_str())
            .collect();
        assert_eq!(starts, ["the", "16mb", "rfc", "use"]);
    }
}
