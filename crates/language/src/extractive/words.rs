//! Text into the words that a question and a sentence are compared by: lower case, stemmed, and for
//! names made of parts (`max_connections`, `--dry-run`) both the whole and the parts; flags (`-n`)
//! keep their dash and their case. It gives no word a weight.

use crate::token::{Cut, Letters, Piece, has_inner_capital, pieces, stem, without_possessive};

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As written, in lower case.
    pub(super) lower: String,
    /// What is compared.
    pub(super) key: String,
    /// It looks like the name of an option, a variable or a function.
    pub(super) is_name: bool,
    /// It is a whole name whose parts follow as words of their own.
    pub(super) is_compound: bool,
}

/// The words of a text in their order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for cut in pieces(text).flat_map(Piece::cuts) {
        add(cut, &mut words);
    }
    words
}

fn add(cut: Cut<'_>, words: &mut Vec<Word>) {
    let written = without_possessive(cut.text);
    let parts = || {
        let parts = written.split(['_', '-', '.', '\'', '’']);
        parts.filter(|part| !part.is_empty())
    };
    let is_compound = parts().nth(1).is_some();
    let is_flag = cut.is_after_dash && written.chars().count() == 1;
    let lower = if is_flag {
        format!("-{written}")
    } else {
        written.to_lowercase()
    };
    words.push(Word {
        key: if is_flag {
            lower.clone()
        } else if is_compound {
            compound_key(&lower)
        } else {
            stem(&lower)
        },
        is_name: is_name(written) || cut.is_after_dash && !is_compound,
        is_compound,
        lower,
    });
    if is_compound {
        words.extend(parts().map(|part| {
            let lower = part.to_lowercase();
            Word {
                key: stem(&lower),
                is_name: false,
                is_compound: false,
                lower,
            }
        }));
    }
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
    let letters = Letters::of(written);
    let inner = has_inner_capital(written) && letters.has_small() && !written.contains('-');
    written.contains('_') || letters.is_acronym() || inner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.key).collect()
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
