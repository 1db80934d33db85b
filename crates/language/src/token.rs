//! The one tokeniser: text into words and the marks between them, and words into what is compared
//! (without a possessive ending, stemmed). A word is a run of letters, digits and underscores; a
//! hyphen, full stop or apostrophe inside it belongs to it, and so do the comma of a thousand and
//! the dashes of an option (`--dry-run`). What a word means is for its readers: the citation check
//! reads words whole, extractive answering cuts them further ([`Piece::cuts`]).

use qdrant_rust_stemmers::{Algorithm, Stemmer};

/// Shorter words keep their ending: stemming would confuse more than it joins.
const SHORTEST_STEMMED: usize = 4;

/// Marks that connect the parts of a word.
const CONNECTORS: [char; 4] = ['-', '.', '\'', '’'];

/// A word of a text, or one character between words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    /// The text from its start on.
    rest: &'a str,
    /// Its bytes.
    length: usize,
    /// The character before it; a space at the start of the text.
    before: char,
    /// Whether it is a word.
    pub(crate) is_word: bool,
}

/// A word as extractive answering cuts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut<'a> {
    /// As written, without the dashes of an option.
    pub(crate) text: &'a str,
    /// A dash is right before it.
    pub(crate) is_after_dash: bool,
}

/// The words of `text` and the characters between them, in order.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut before = ' ';
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let word = word_length(rest, first, before);
        let piece = Piece {
            rest,
            length: if word > 0 { word } else { first.len_utf8() },
            before,
            is_word: word > 0,
        };
        before = piece.text().chars().next_back().unwrap_or(first);
        rest = piece.after();
        Some(piece)
    })
}

impl<'a> Piece<'a> {
    /// As written.
    pub(crate) fn text(&self) -> &'a str {
        self.rest.get(..self.length).unwrap_or_default()
    }

    /// The text after it.
    pub(crate) fn after(&self) -> &'a str {
        self.rest.get(self.length..).unwrap_or_default()
    }

    /// It in smaller words: numbers cut at commas, scripts without spaces into characters, `--dry-run`
    /// without its dashes; `c++` and `c#` with their marks. A mark between words has none.
    pub(crate) fn cuts(self) -> impl Iterator<Item = Cut<'a>> {
        let mut from = 0;
        std::iter::from_fn(move || {
            while from < self.length {
                let text = self.rest.get(from..self.length)?;
                let first = text.chars().next()?;
                let length = self.cut_length(text, first);
                let cut = self.rest.get(from..from + length)?;
                let before = self.rest.get(..from)?.chars().next_back();
                from += length.max(first.len_utf8());
                if !cut.is_empty() {
                    return Some(Cut {
                        text: cut,
                        is_after_dash: before.unwrap_or(self.before) == '-',
                    });
                }
            }
            None
        })
    }

    /// The bytes of the cut at the start of `text`, the end of this piece; 0 when there is none.
    fn cut_length(&self, text: &str, first: char) -> usize {
        if is_ideograph(first) {
            return first.len_utf8();
        }
        if !is_word_char(first) {
            return 0;
        }
        let end = text.find(|c| c == ',' || is_ideograph(c));
        let length = end.map_or(text, |end| text.split_at(end).0);
        let length = length.trim_end_matches(CONNECTORS).len();
        if length == 1 && text.len() == 1 {
            let marks = self.after().bytes().take(2);
            return length + marks.take_while(|b| matches!(b, b'+' | b'#')).count();
        }
        length
    }
}

/// The bytes of the word at the start of `text`; 0 when there is none.
fn word_length(text: &str, first: char, before: char) -> usize {
    let dashes = if first == '-' && !before.is_alphanumeric() {
        option_dashes(text)
    } else {
        0
    };
    let mut end = 0;
    let mut chars = text
        .get(dashes..)
        .unwrap_or_default()
        .char_indices()
        .peekable();
    while let Some((at, c)) = chars.next() {
        let at = dashes + at;
        if is_word_char(c) {
            end = at + c.len_utf8();
            continue;
        }
        let connects = match c {
            ',' => end > 0 && is_thousands_comma(text, at),
            _ => {
                CONNECTORS.contains(&c) && chars.peek().is_some_and(|&(_, next)| is_word_char(next))
            }
        };
        if end == 0 || !connects {
            break;
        }
    }
    end
}

/// The dashes of an option such as `-F` or `--jobs`, or of a negative number; 0 for other dashes.
fn option_dashes(text: &str) -> usize {
    let dashes = text.bytes().take(3).take_while(|b| *b == b'-').count();
    let after = text.get(dashes..).unwrap_or_default();
    let is_option = dashes <= 2 && after.starts_with(char::is_alphanumeric);
    if is_option { dashes } else { 0 }
}

/// Whether the comma at `at` is between a digit and a group of three.
fn is_thousands_comma(text: &str, at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let digits = after.bytes().skip(1).take_while(u8::is_ascii_digit);
    before.ends_with(|c: char| c.is_ascii_digit()) && digits.take(4).count() == 3
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Scripts without spaces between words: each character is compared by itself.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// A word without `'s`.
pub(crate) fn without_possessive(written: &str) -> &str {
    let written = written.strip_suffix("'s").unwrap_or(written);
    written.strip_suffix("’s").unwrap_or(written)
}

/// What a lower-case English word has in common with its other forms; short words and words with
/// digits stay as they are.
pub(crate) fn stem(lower: &str) -> String {
    if lower.len() < SHORTEST_STEMMED || lower.bytes().any(|b| b.is_ascii_digit()) {
        lower.to_owned()
    } else {
        Stemmer::create(Algorithm::English).stem(lower).into_owned()
    }
}

/// How many letters a word has, and how many of them are capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Letters {
    all: usize,
    capitals: usize,
}

impl Letters {
    /// Counts the letters of a word.
    pub(crate) fn of(written: &str) -> Self {
        let letters = || written.chars().filter(|c| c.is_alphabetic());
        Self {
            all: letters().count(),
            capitals: letters().filter(|c| c.is_uppercase()).count(),
        }
    }

    /// `WAL`: two letters or more, all of them capitals.
    pub(crate) fn is_acronym(self) -> bool {
        self.all >= 2 && self.capitals == self.all
    }

    /// Whether some letter is not a capital.
    pub(crate) fn has_small(self) -> bool {
        self.capitals < self.all
    }
}

/// `autoCommit`: a capital after the first character.
pub(crate) fn has_inner_capital(written: &str) -> bool {
    written.chars().skip(1).any(char::is_uppercase)
}

/// How many characters two words have in common at their beginning.
pub(crate) fn common_beginning(one: &str, other: &str) -> usize {
    let pairs = one.chars().zip(other.chars());
    pairs.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Vec<&str> {
        let words = pieces(text).filter(|piece| piece.is_word);
        words.map(|piece| piece.text()).collect()
    }

    fn cut(text: &str) -> Vec<&str> {
        let cuts = pieces(text).flat_map(Piece::cuts);
        cuts.map(|cut| cut.text).collect()
    }

    #[test]
    fn words_are_read_whole_or_cut() {
        let text = "The server's 1,600 rows, --dry-run; -x a--b C++ C# 数据 DB. 12,34";
        assert_eq!(
            whole(text),
            [
                "The",
                "server's",
                "1,600",
                "rows",
                "--dry-run",
                "-x",
                "a",
                "-b",
                "C",
                "C",
                "数据",
                "DB",
                "12",
                "34"
            ]
        );
        assert_eq!(
            cut(text),
            [
                "The", "server's", "1", "600", "rows", "dry-run", "x", "a", "b", "C++", "C#", "数",
                "据", "DB", "12", "34"
            ]
        );
    }

    #[test]
    fn pieces_and_their_marks_are_the_text() {
        let text = "It's 1,600,000.5 -- [a_b]… 数-据・x ---y";
        let all: String = pieces(text).map(|piece| piece.text()).collect();
        assert_eq!(all, text);
        let dashed: Vec<&str> = pieces(text)
            .flat_map(Piece::cuts)
            .filter(|cut| cut.is_after_dash)
            .map(|cut| cut.text)
            .collect();
        assert_eq!(dashed, ["据", "y"]);
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        assert_eq!(stem("connections"), stem("connected"));
        assert_eq!(
            (stem("int8"), stem("its")),
            ("int8".to_owned(), "its".to_owned())
        );
        assert_eq!(without_possessive("server’s"), "server");
        assert!(Letters::of("WAL").is_acronym() && !Letters::of("A").is_acronym());
        assert_eq!(common_beginning("replica", "replic"), 6);
    }
}
