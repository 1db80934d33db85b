//! Recognises the terms of a manual's entries and the headings of its sections in plain text, by their
//! form alone.

/// Section names of manual pages: in capitals like many terms, but nothing is defined under them.
const SECTIONS: [&str; 22] = [
    "ARGUMENTS",
    "AUTHOR",
    "AUTHORS",
    "BUGS",
    "CONFIGURATION",
    "COPYRIGHT",
    "DESCRIPTION",
    "DIAGNOSTICS",
    "ENVIRONMENT",
    "ERRORS",
    "EXAMPLE",
    "EXAMPLES",
    "FILES",
    "HISTORY",
    "INSTALLATION",
    "INTRODUCTION",
    "NAME",
    "NOTES",
    "OPTIONS",
    "OVERVIEW",
    "SYNOPSIS",
    "USAGE",
];

const LONGEST_TERM: usize = 72;

/// A short line without the end of a sentence: may be a term if its description is below it.
pub fn is_term(text: &str) -> bool {
    text.len() <= LONGEST_TERM
        && text.split_whitespace().count() <= 8
        && !text.ends_with(['.', ',', ';', ':', '!', '?'])
        && text.chars().any(char::is_alphanumeric)
}

/// A term that can be nothing else: an option, or a name that no sentence begins with, with at most
/// a few words such as `(integer)` after it.
pub fn is_strict_term(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else {
        return false;
    };
    is_term(text) && words.count() <= 4 && is_strict_name(first)
}

/// `TERM  description` on one line: a strict term, a gap, and a sentence.
pub fn split_inline_term(text: &str) -> Option<(&str, &str)> {
    let gap = text
        .find("  ")
        .into_iter()
        .chain(text.find('\t'))
        .min()
        .filter(|gap| *gap <= LONGEST_TERM)?;
    let (term, rest) = text.split_at(gap);
    let description = rest.trim_start();
    let sentence = description.split_whitespace().count() >= 3
        && description.chars().next().is_some_and(char::is_uppercase);
    (sentence && is_strict_term(term)).then_some((term, description))
}

/// A line in capitals that names a section.
pub fn is_heading_line(text: &str) -> bool {
    let letters = || text.chars().filter(|c| c.is_alphabetic());
    let capitals = letters().count() >= 2 && letters().all(char::is_uppercase);
    let words = text.split_whitespace().count();
    let plain = text
        .chars()
        .all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '&' | '/'));
    capitals && plain && is_term(text) && (words > 1 || SECTIONS.contains(&text))
}

fn is_strict_name(word: &str) -> bool {
    let marked =
        word.len() > 2 && word.starts_with('`') && word.trim_end_matches([',', ':']).ends_with('`')
            || word.len() > 4
                && word.starts_with("**")
                && word.trim_end_matches([',', ':']).ends_with("**");
    let name = word.trim_matches(['`', '*', ',', ':', '$', '"', '\'']);
    let option = name.len() > 1
        && name.starts_with('-')
        && name
            .chars()
            .nth(1)
            .is_some_and(|c| c.is_alphanumeric() || c == '-')
        && name.chars().any(char::is_alphanumeric);
    let shouted = name.len() >= 2
        && name.chars().any(char::is_uppercase)
        && name
            .chars()
            .all(|c| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    let snake = name.contains('_')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '(' | ')'));
    marked || option || shouted || snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_differ_from_sentences() {
        for term in [
            "HISTSIZE",
            "work_mem (integer)",
            "-c, --command",
            "`port`",
            "**retries** (number)",
        ] {
            assert!(is_strict_term(term), "{term}");
        }
        for other in [
            "The server",
            "A",
            "Restart",
            "HISTSIZE is read at start.",
            "- - -",
        ] {
            assert!(!is_strict_term(other), "{other}");
        }
        assert!(is_term("host name"));
        assert!(!is_term("It ends here."));
    }

    #[test]
    fn a_term_may_be_on_its_descriptions_line() {
        assert_eq!(
            split_inline_term("HISTSIZE    The number of commands."),
            Some(("HISTSIZE", "The number of commands."))
        );
        assert_eq!(
            split_inline_term("The  number  of commands  It holds"),
            None
        );
        assert_eq!(split_inline_term("PATH  and so on and on"), None);
    }

    #[test]
    fn sections_are_headings_and_single_names_are_not() {
        assert!(is_heading_line("EXIT STATUS"));
        assert!(is_heading_line("DESCRIPTION"));
        assert!(!is_heading_line("HISTSIZE"));
        assert!(!is_heading_line("WORK_MEM LIMIT"));
    }
}
