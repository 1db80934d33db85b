//! Text into words, and words into what is compared: lower case, stemmed, and for names made of
//! parts (`max_connections`, `--dry-run`) both the whole and the parts; flags (`-n`) keep their dash
//! and their case. It gives no word a weight.

use qdrant_rust_stemmers::{Algorithm, Stemmer};

/// Shorter words keep their ending: stemming would confuse more than it joins.
const SHORTEST_STEMMED: usize = 4;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As written, in lower case.
    pub lower: String,
    /// What is compared.
    pub key: String,
    /// It looks like the name of an option, a variable or a function.
    pub is_name: bool,
    /// It is a whole name whose parts follow as words of their own.
    pub is_compound: bool,
}

/// Cuts text into words; keeps one stemmer for all.
pub struct Words {
    stemmer: Stemmer,
}

impl Words {
    /// A cutter for English; words of other languages are compared almost as they are.
    pub fn new() -> Self {
        Self {
            stemmer: Stemmer::create(Algorithm::English),
        }
    }

    /// The words in their order.
    pub fn of(&self, text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        let mut rest = text;
        let mut before = ' ';
        while let Some(first) = rest.chars().next() {
            let length = if is_ideograph(first) {
                first.len_utf8()
            } else {
                word_length(rest)
            };
            if length == 0 {
                before = first;
                rest = &rest[first.len_utf8()..];
            } else {
                let (written, tail) = rest.split_at(length);
                self.add(written, before == '-', &mut words);
                before = written.chars().next_back().unwrap_or(' ');
                rest = tail;
            }
        }
        words
    }

    fn add(&self, written: &str, after_dash: bool, words: &mut Vec<Word>) {
        let written = written.strip_suffix("'s").unwrap_or(written);
        let written = written.strip_suffix("’s").unwrap_or(written);
        let parts: Vec<&str> = written
            .split(['_', '-', '.', '\'', '’'])
            .filter(|part| !part.is_empty())
            .collect();
        let is_compound = parts.len() > 1;
        let flag = after_dash && written.chars().count() == 1;
        let lower = if flag {
            format!("-{written}")
        } else {
            written.to_lowercase()
        };
        words.push(Word {
            key: if flag {
                lower.clone()
            } else if is_compound {
                compound_key(&lower)
            } else {
                self.stem(&lower)
            },
            is_name: is_name(written) || after_dash && !is_compound,
            is_compound,
            lower,
        });
        if is_compound {
            words.extend(parts.into_iter().map(|part| {
                let lower = part.to_lowercase();
                Word {
                    key: self.stem(&lower),
                    is_name: false,
                    is_compound: false,
                    lower,
                }
            }));
        }
    }

    fn stem(&self, lower: &str) -> String {
        if lower.len() < SHORTEST_STEMMED || lower.bytes().any(|b| b.is_ascii_digit()) {
            lower.to_owned()
        } else {
            self.stemmer.stem(lower).into_owned()
        }
    }
}

/// The bytes of the word at the start of `text`; 0 when there is none. Connectors count inside a
/// word, not at its ends, and `c++` and `c#` are words.
fn word_length(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if is_word_char(c) {
            end = at + c.len_utf8();
        } else {
            let next = chars.peek().map(|&(_, next)| next);
            let connects = matches!(c, '-' | '.' | '\'' | '’') && next.is_some_and(is_word_char);
            if end == 0 || !connects {
                break;
            }
        }
    }
    if end == 1 {
        let marks = text[1..].chars().take_while(|c| matches!(c, '+' | '#'));
        end += marks.count().min(2);
    }
    end
}

fn is_word_char(c: char) -> bool {
    (c.is_alphanumeric() || c == '_') && !is_ideograph(c)
}

/// Scripts without spaces between words: each character is compared by itself.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// `max-connections`, `max_connections` and `MAX.CONNECTIONS` are one name.
fn compound_key(lower: &str) -> String {
    lower
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect()
}

/// `HISTSIZE`, `work_mem`, `autoCommit`: not how words of a sentence are written.
fn is_name(written: &str) -> bool {
    let letters = || written.chars().filter(|c| c.is_alphabetic());
    let capitals = letters().filter(|c| c.is_uppercase()).count();
    let inner_capital = written.chars().skip(1).any(char::is_uppercase);
    let all = letters().count();
    written.contains('_')
        || all >= 2 && capitals == all
        || inner_capital && capitals < all && !written.contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        Words::new()
            .of(text)
            .into_iter()
            .map(|word| word.key)
            .collect()
    }

    #[test]
    fn forms_of_a_word_are_one() {
        assert_eq!(keys("Connections connected"), ["connect", "connect"]);
        assert_eq!(keys("The server's users'"), ["the", "server", "user"]);
    }

    #[test]
    fn names_are_found_whole_and_in_parts() {
        assert_eq!(
            keys("max_connections"),
            ["max_connections", "max", "connect"]
        );
        assert_eq!(keys("--dry-run, -n."), ["dry_run", "dry", "run", "-n"]);
        assert_eq!(
            keys("C++ and C# 16.4"),
            ["c++", "and", "c#", "16_4", "16", "4"]
        );
        let names: Vec<bool> = ["HISTSIZE", "work_mem", "autoCommit", "Bash", "a", "WAL"]
            .map(is_name)
            .to_vec();
        assert_eq!(names, [true, true, true, false, false, true]);
    }

    #[test]
    fn text_without_spaces_is_cut_into_characters() {
        assert_eq!(keys("数据库 DB"), ["数", "据", "库", "db"]);
    }
}
