//! Terms of what must match exactly: versions, codes, names of files and options, and acronyms that are
//! written like stop words. They stand beside the words that a text has anyway.

use super::languages::TERM_BITS;

/// Longer ones are no identifiers that anybody types.
const LONGEST_CHARS: usize = 64;
/// The longest acronym that may be a stop word.
const LONGEST_ACRONYM: usize = 5;

/// Calls `found` with the term of each identifier of a text, and with each acronym of a stop word.
/// `is_stop_word` tells for a lower-case word.
pub(super) fn each(
    text: &str,
    bare: Bare,
    is_stop_word: impl Fn(&str) -> bool,
    mut found: impl FnMut(Exact),
) {
    // In a text of capitals alone, a capital says nothing, unless it is one word.
    let has_small = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let tells = has_small || text.split_whitespace().nth(1).is_none();
    let mut acronym_before: Option<String> = None;
    for piece in text.split(is_outside) {
        let token = trimmed(piece);
        let before = acronym_before.take();
        if token.is_empty() || token.len() > LONGEST_CHARS {
            continue;
        }
        if let (Some(before), true) = (&before, token.bytes().all(|byte| byte.is_ascii_digit())) {
            // "RFC 9457" is what others write as RFC-9457.
            found(Exact::identifier(&format!("{before}{token}")));
        }
        let is_acronym =
            (2..=6).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_acronym {
            let lower = token.to_ascii_lowercase();
            if tells && lower.len() <= LONGEST_ACRONYM && is_stop_word(&lower) {
                found(Exact::acronym(&lower));
            }
            acronym_before = Some(lower);
        } else if is_identifier(token) && (bare == Bare::Taken || !is_bare(token)) {
            found(Exact::identifier(&canonical(token)));
        }
    }
}

/// What becomes of identifiers without signs (`E4012`), which are words of the text already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    /// They are terms too: a question's, which may stand with a hyphen in a passage.
    Taken,
    /// They are left out.
    LeftOut,
}

/// Calls `found` with each identifier of a question that is written with a hyphen, as it is without.
pub(super) fn joined(text: &str, mut found: impl FnMut(&str)) {
    for piece in text.split(is_outside) {
        let token = trimmed(piece);
        if token.len() <= LONGEST_CHARS && token.contains('-') && is_identifier(token) {
            let joined = canonical(token);
            if is_bare(&joined) {
                found(&joined);
            }
        }
    }
}

fn is_bare(token: &str) -> bool {
    token.chars().all(char::is_alphanumeric)
}

/// One exact term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) term: u32,
    /// Whether it is an identifier, which few texts share.
    pub(super) is_identifier: bool,
}

impl Exact {
    fn identifier(text: &str) -> Self {
        Self {
            term: number('i', text),
            is_identifier: true,
        }
    }

    fn acronym(text: &str) -> Self {
        Self {
            term: number('a', text),
            is_identifier: false,
        }
    }
}

/// The number of a term in a space of its own: FNV-1a (Fowler, Noll and Vo) over the space and the text.
pub(super) fn number(space: char, text: &str) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    let mut take = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    take(space as u8);
    text.bytes().for_each(take);
    // The low bits of FNV mix the last byte least.
    (hash ^ (hash >> 15)) & TERM_BITS
}

fn is_outside(c: char) -> bool {
    c.is_whitespace() || ",;()[]{}<>\"'`!?|=*…“”„’‘«»".contains(c)
}

/// Without signs at its ends, but for those that belong to names: `C++`, `C#`, `.NET`, `--all`.
fn trimmed(piece: &str) -> &str {
    let end = piece.trim_end_matches(['.', ':', '-', '/', '_', '&', '%', '$', '€']);
    let plain = end.trim_start_matches(|c: char| !c.is_alphanumeric());
    let before = end.len() - plain.len();
    match end.get(..before) {
        Some("." | "--") => end,
        _ => plain,
    }
}

fn is_identifier(token: &str) -> bool {
    let bytes = token.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = token.chars().filter(|c| c.is_alphabetic()).count();
    let signs = bytes
        .iter()
        .filter(|byte| b".-_/:+#@".contains(byte))
        .count();
    if digits > 0 {
        // 1.12.3, 2024-03-05, AB-1234, E4012, 1.12.3-rc.1.
        return (letters > 0 && digits + letters >= 3)
            || (letters == 0 && signs > 0 && digits + signs == bytes.len());
    }
    if letters == 0 {
        return false;
    }
    let is_name = token.contains('_') || token.contains("::") || token.contains('@');
    let is_language =
        token.ends_with(['+', '#']) || token.starts_with('.') || token.starts_with("--");
    is_name || is_language || is_file(token) || is_pair_of_capitals(token)
}

/// `config.toml`: a name, and an ending of a few small letters.
fn is_file(token: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(name, ending)| {
        let small = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
        (2..=4).contains(&ending.len()) && small(ending) && !name.is_empty() && !name.contains("..")
    })
}

/// `I/O`, `TCP/IP`.
fn is_pair_of_capitals(token: &str) -> bool {
    token.split_once('/').is_some_and(|(one, other)| {
        let capital = |text: &str| {
            (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
        };
        capital(one) && capital(other)
    })
}

/// One form of what is written in several: `v1.12.3`, `AB 1234` and `AB-1234`.
fn canonical(token: &str) -> String {
    let lower = token.to_lowercase();
    let is_version = lower
        .strip_prefix('v')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let bare = if is_version { &lower[1..] } else { &lower };
    let mut made = String::with_capacity(bare.len());
    let mut before = ' ';
    let mut rest = bare.chars().peekable();
    while let Some(c) = rest.next() {
        // A hyphen between letters and a number is written or not.
        let is_optional =
            c == '-' && before.is_alphabetic() && rest.peek().is_some_and(char::is_ascii_digit);
        if !is_optional {
            made.push(c);
        }
        before = c;
    }
    made
}

#[cfg(test)]
mod tests {
    use super::{Bare, Exact, each, joined};

    fn terms(text: &str) -> Vec<Exact> {
        let mut terms = Vec::new();
        each(
            text,
            Bare::Taken,
            |word| ["it", "who", "us", "or"].contains(&word),
            |exact| terms.push(exact),
        );
        terms
    }

    #[test]
    fn identifiers_are_terms_in_one_form() {
        for (one, other) in [
            ("Version 1.12.3 is out.", "in v1.12.3?"),
            ("error AB-1234:", "(ab1234)"),
            ("see RFC 9457", "RFC-9457"),
            ("CVE-2024-12345", "cve-2024-12345."),
            ("edit config.toml", "`config.toml`"),
            ("max_file_size", "max_file_size,"),
            ("std::fs::read", "std::fs::read"),
            ("in C++ and", "C++"),
            ("use --all here", "--all"),
            ("10.0.0.7", "10.0.0.7"),
            ("I/O is slow", "I/O"),
        ] {
            assert!(!terms(one).is_empty(), "{one}");
            assert_eq!(terms(one), terms(other), "{one} {other}");
            assert!(terms(one).iter().all(|exact| exact.is_identifier), "{one}");
        }
        assert_ne!(terms("1.12.3"), terms("1.12.4"));
        assert_ne!(terms("1.12.3"), terms("1.1.23"));
    }

    #[test]
    fn a_question_has_its_identifiers_without_the_hyphen_too() {
        let mut found = Vec::new();
        joined("Is AB-1234 the same as 1.12.3-rc.1?", |text| {
            found.push(text.to_owned())
        });
        assert_eq!(found, ["ab1234"]);
    }

    #[test]
    fn words_and_numbers_are_no_identifiers() {
        for text in [
            "two-dimensional flow",
            "and/or",
            "the end. The start",
            "Mr. Smith",
            "12 345",
            "5%",
            "a.b",
        ] {
            assert_eq!(terms(text), [], "{text}");
        }
    }

    #[test]
    fn an_acronym_is_no_stop_word_unless_everything_is_in_capitals() {
        assert_eq!(terms("Who runs IT for the WHO?").len(), 2);
        assert_eq!(terms("WHO RUNS IT"), []);
        assert_eq!(terms("who runs it"), []);
        assert_eq!(terms("the API"), []);
        assert_eq!(terms("WHO?").len(), 1);
    }
}
