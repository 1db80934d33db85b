//! Text into tokens: classifies the words of the tokeniser (name, number, stop word) and notes where
//! clauses end. It compares nothing.

use super::quantity::{is_quantity, is_unit_at};
use super::token::{Class, Token};
use crate::lexicon::{groups, is_stop_word};
use crate::token::{Letters, Piece, has_inner_capital, pieces, stem, without_possessive};

/// The tokens of `text`, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader {
        tokens: Vec::new(),
        clause: true,
        sentence: true,
    };
    for piece in pieces(text) {
        if piece.is_word {
            reader.word(piece);
        } else {
            reader.mark(piece);
        }
    }
    hide_units(&mut reader.tokens);
    reader.tokens
}

/// A unit after its number is a part of the quantity, not a word or a name of its own.
fn hide_units(tokens: &mut [Token]) {
    for at in 1..tokens.len() {
        if is_unit_at(tokens, at)
            && let Some(token) = tokens.get_mut(at)
        {
            token.class = Class::Word;
            token.is_stop = true;
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    /// The next token begins a clause.
    clause: bool,
    /// The next token begins a sentence.
    sentence: bool,
}

impl Reader {
    /// Notes what a mark between words ends.
    fn mark(&mut self, mark: Piece<'_>) {
        match mark.text() {
            "." | "!" | "?" | ":" => {
                let spaced = mark.after().chars().next().is_none_or(char::is_whitespace);
                self.clause |= spaced;
                self.sentence |= spaced;
            }
            "\n" | "•" | "›" | "|" => {
                self.clause = true;
                self.sentence = true;
            }
            ";" | "," | "(" | ")" | "—" | "–" => self.clause = true,
            _ => {}
        }
    }

    fn word(&mut self, piece: Piece<'_>) {
        let written = without_possessive(piece.text());
        let class = class(written);
        if is_one_token(written, class) {
            self.token(written, class, piece);
        } else {
            for part in written.split('-').filter(|part| !part.is_empty()) {
                self.token(part, self::class(part), piece);
            }
        }
    }

    fn token(&mut self, written: &str, class: Class, piece: Piece<'_>) {
        let mut lower = written.to_lowercase();
        if lower.contains('’') {
            lower = lower.replace('’', "'");
        }
        let is_number = class == Class::Number;
        let capital = written.starts_with(char::is_uppercase);
        let is_stop = !is_number && is_stop_word(&lower)
            || matches!(lower.as_str(), "i.e" | "e.g" | "cannot" | "e" | "s")
            || lower.ends_with("n't");
        self.tokens.push(Token {
            stem: if is_number || lower.contains(['_', '.']) {
                lower.clone()
            } else {
                stem(&lower)
            },
            groups: groups(&lower),
            class,
            is_stop,
            is_capital: capital && !self.sentence,
            begins_clause: std::mem::take(&mut self.clause),
            is_percent: is_number && piece.after().trim_start().starts_with('%'),
            lower,
        });
        self.sentence = false;
    }
}

/// `POSIX-mandated` is two words; `sha-256` and `--dry-run` are one name.
fn is_one_token(written: &str, class: Class) -> bool {
    if !written.contains('-') {
        return true;
    }
    let is_name = written.starts_with('-')
        || written.contains(['_', '.'])
        || written.bytes().any(|b| b.is_ascii_digit());
    is_name && class != Class::Word
}

fn class(written: &str) -> Class {
    let bare = written.trim_start_matches('-');
    if bare.bytes().any(|b| b.is_ascii_digit()) {
        return if is_quantity(written) {
            Class::Number
        } else {
            Class::Name
        };
    }
    let is_dotted = bare.contains('.') && !matches!(bare, "i.e" | "e.g" | "I.e" | "E.g");
    let is_option = bare.len() < written.len();
    let is_name = Letters::of(bare).is_acronym()
        || bare.split('-').any(has_inner_capital)
        || is_dotted
        || is_option
        || bare.contains('_');
    if is_name { Class::Name } else { Class::Word }
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
