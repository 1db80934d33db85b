//! Checks citations: what an answer says with a marker must be carried by the passage that the
//! marker names. A number, a name or a negation that differs makes it unsupported, and so do words
//! that are not there. Pure: it compares texts and knows no model.

use super::{Citation, CitationStatus, Source};
use crate::index::TermCounter;
use std::collections::HashSet;

/// The least part of a claim's terms that its passage must have.
const LEAST_COVERAGE: f64 = 0.6;

/// What an answer says at one place, with the numbers of the markers behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The text, without markers.
    pub text: String,
    /// The `n` of each marker.
    pub cites: Vec<usize>,
}

/// A marker's place in a text: bytes from its `[` to past its `]`.
struct Marker {
    start: usize,
    end: usize,
    number: usize,
}

/// Removes every marker that names none of `sources` numbered 1 to `count`.
pub fn strip_unknown_markers(answer: &str, count: usize) -> String {
    let mut kept = String::with_capacity(answer.len());
    let mut from = 0;
    for marker in markers(answer) {
        let known = (1..=count).contains(&marker.number);
        let upto = if known { marker.end } else { marker.start };
        let text = answer.get(from..upto).unwrap_or_default();
        kept.push_str(if known {
            text
        } else {
            text.trim_end_matches(' ')
        });
        from = marker.end;
    }
    kept.push_str(answer.get(from..).unwrap_or_default());
    kept
}

/// The claims of an answer: for each run of markers, the sentence that ends there.
pub fn claims(answer: &str) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut from = 0;
    let mut previous_end = 0;
    for marker in markers(answer) {
        let between = answer.get(previous_end..marker.start).unwrap_or_default();
        let follows = previous_end > 0 && between.trim().is_empty();
        match claims.last_mut() {
            Some(last) if follows => last.cites.push(marker.number),
            _ => {
                let text = last_sentence(answer.get(from..marker.start).unwrap_or_default());
                claims.push(Claim {
                    text,
                    cites: vec![marker.number],
                });
            }
        }
        previous_end = marker.end;
        from = marker.end;
    }
    claims
}

/// Checks every marker of `answer` against the sources that it names.
pub(super) fn check(answer: &str, sources: &[Source], counter: &TermCounter) -> Vec<Citation> {
    let mut citations = Vec::new();
    for claim in claims(answer) {
        for number in claim.cites {
            let source = sources
                .iter()
                .find(|source| source.citation_index == number);
            let Some(source) = source else { continue };
            let (score, reason) = judge(&claim.text, source, counter);
            citations.push(Citation {
                citation_index: number,
                claim: claim.text.clone(),
                status: if reason.is_none() {
                    CitationStatus::Supported
                } else {
                    CitationStatus::Unsupported
                },
                score,
                reason,
            });
        }
    }
    citations
}

/// How much of `claim` the source carries, and why that does not suffice.
fn judge(claim: &str, source: &Source, counter: &TermCounter) -> (f64, Option<&'static str>) {
    let text = format!("{} {} {}", source.title, source.heading, source.text);
    let coverage = coverage(claim, &text, counter);
    let passage = text.to_lowercase();
    let reason = if !numbers(claim).is_subset(&numbers(&text)) {
        Some("number")
    } else if !names(claim).iter().all(|name| passage.contains(name)) {
        Some("entity")
    } else if coverage < LEAST_COVERAGE {
        Some("words")
    } else if is_negated(claim) != is_negated(closest_sentence(claim, &source.text, counter)) {
        Some("negation")
    } else {
        None
    };
    (coverage, reason)
}

/// The part of `claim`'s distinct terms (stemmed, without stop words) that `text` has.
pub(super) fn coverage(claim: &str, text: &str, counter: &TermCounter) -> f64 {
    let wanted: HashSet<u32> = counter.count(claim).iter().map(|(term, _)| term).collect();
    if wanted.is_empty() {
        return 0.0;
    }
    let held: HashSet<u32> = counter.count(text).iter().map(|(term, _)| term).collect();
    wanted.intersection(&held).count() as f64 / wanted.len() as f64
}

fn markers(text: &str) -> Vec<Marker> {
    let mut markers = Vec::new();
    let mut in_code = false;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'`' {
            in_code = !in_code;
        }
        if byte == b'[' && !in_code {
            let digits: String = text
                .get(at + 1..)
                .unwrap_or_default()
                .chars()
                .take_while(char::is_ascii_digit)
                .take(4)
                .collect();
            let end = at + 1 + digits.len();
            if bytes.get(end) == Some(&b']')
                && let Ok(number) = digits.parse()
            {
                markers.push(Marker {
                    start: at,
                    end: end + 1,
                    number,
                });
                at = end;
            }
        }
        at += 1;
    }
    markers
}

/// The last sentence of `text`; a full stop right before the marker belongs to it.
fn last_sentence(text: &str) -> String {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let body = text.trim_end_matches(['.', '!', '?', ' ']);
    let start = body
        .char_indices()
        .filter(|&(at, c)| {
            let rest = body.get(at + c.len_utf8()..).unwrap_or_default();
            match c {
                '\n' => true,
                '.' | '!' | '?' => {
                    let mut following = rest.chars();
                    following.next().is_some_and(char::is_whitespace)
                        && following
                            .find(|c| !c.is_whitespace())
                            .is_some_and(|c| !c.is_lowercase())
                        && !ends_with_abbreviation(body.get(..at).unwrap_or_default())
                }
                _ => false,
            }
        })
        .map(|(at, c)| at + c.len_utf8())
        .next_back()
        .unwrap_or(0);
    body.get(start..)
        .unwrap_or_default()
        .trim()
        .trim_start_matches(['-', '*', ' ', '.', '>'])
        .to_owned()
}

fn ends_with_abbreviation(text: &str) -> bool {
    const ABBREVIATIONS: [&str; 12] = [
        "e.g", "i.e", "etc", "vs", "cf", "fig", "no", "mr", "mrs", "dr", "st", "approx",
    ];
    let word = text
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next()
        .unwrap_or_default();
    let word = word.to_lowercase();
    ABBREVIATIONS.contains(&word.as_str()) || word.chars().count() == 1
}

/// The numbers of a text, without the separators of thousands.
fn numbers(text: &str) -> HashSet<String> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | ',')))
        .filter(|word| word.chars().any(|c| c.is_ascii_digit()))
        .filter(|word| {
            word.chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
        })
        .map(|word| word.trim_matches(['.', ',']).replace(',', ""))
        .filter(|word| !word.is_empty())
        .collect()
}

/// The names of a text, in lower case: words with a capital that do not begin it, and identifiers.
fn names(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .map(|word| word.trim_matches(['.', '-']))
        .filter(|word| word.chars().count() > 1)
        .enumerate()
        .filter(|(place, word)| {
            let capital = word.chars().next().is_some_and(char::is_uppercase);
            let identifier = word.contains('_') || word.chars().skip(1).any(char::is_uppercase);
            (*place > 0 && capital) || identifier
        })
        .map(|(_, word)| word.to_lowercase())
        .collect()
}

fn is_negated(sentence: &str) -> bool {
    const NEGATIONS: [&str; 12] = [
        "not", "no", "never", "none", "cannot", "neither", "nor", "without", "nothing", "nobody",
        "nowhere", "unable",
    ];
    sentence
        .to_lowercase()
        .replace('’', "'")
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| NEGATIONS.contains(word) || word.ends_with("n't"))
        .count()
        % 2
        == 1
}

/// The sentence of `text` that shares most terms with `claim`; two neighbours count as one where
/// that shares more, so that a claim over a sentence's end finds it.
fn closest_sentence<'a>(claim: &str, text: &'a str, counter: &TermCounter) -> &'a str {
    let mut starts = vec![0];
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let ends = matches!(previous, '.' | '!' | '?' | ':') && c.is_whitespace();
        if ends || (c == '\n' && previous == '\n') {
            starts.push(at);
        }
        previous = c;
    }
    starts.push(text.len());
    let share = |sentence: &str| {
        let both = coverage(claim, sentence, counter);
        let back = coverage(sentence, claim, counter);
        both + 0.1 * back
    };
    starts
        .windows(2)
        .filter_map(|pair| text.get(*pair.first()?..*pair.last()?))
        .max_by(|a, b| share(a).total_cmp(&share(b)))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source {
            citation_index: 1,
            passage_id: crate::domain::PassageId::from_uuid(uuid::Uuid::nil()),
            document_id: None,
            title: "Handbook".to_owned(),
            uri: String::new(),
            page: None,
            heading: String::new(),
            char_start: 0,
            char_end: 0,
            text: text.to_owned(),
            score: 1.0,
            cited: false,
        }
    }

    fn reason(answer: &str, text: &str) -> Option<&'static str> {
        let counter = TermCounter::new().unwrap();
        let citations = check(answer, &[source(text)], &counter);
        assert_eq!(citations.len(), 1, "{citations:?}");
        citations[0].reason
    }

    const TEXT: &str = "Employees receive 25 days of paid leave each year. Unused days are not paid \
                        out. The office in Lisbon closes in August.";

    #[test]
    fn what_the_passage_says_is_supported() {
        assert_eq!(
            reason(
                "Employees receive 25 days of paid leave each year [1].",
                TEXT
            ),
            None
        );
        assert_eq!(reason("Unused days are not paid out. [1]", TEXT), None);
    }

    #[test]
    fn what_differs_is_named() {
        assert_eq!(
            reason(
                "Employees receive 30 days of paid leave each year [1].",
                TEXT
            ),
            Some("number")
        );
        assert_eq!(
            reason("Unused days are paid out [1].", TEXT),
            Some("negation")
        );
        assert_eq!(
            reason("The office in Madrid closes in August [1].", TEXT),
            Some("entity")
        );
        assert_eq!(
            reason(
                "Remote work requires written approval beforehand [1].",
                TEXT
            ),
            Some("words")
        );
    }

    #[test]
    fn markers_that_name_no_source_are_removed() {
        assert_eq!(
            strip_unknown_markers("One [1]. Two [7].", 3),
            "One [1]. Two."
        );
        assert_eq!(
            strip_unknown_markers("`list[9]` stays [0]", 3),
            "`list[9]` stays"
        );
        assert_eq!(strip_unknown_markers("[99999] [x] [1", 3), "[99999] [x] [1");
    }

    #[test]
    fn a_claim_is_the_sentence_before_its_markers() {
        let found = claims("First thing. Second thing, e.g. this [1][2]. Third [3]");
        assert_eq!(found[0].text, "Second thing, e.g. this");
        assert_eq!(found[0].cites, [1, 2]);
        assert_eq!(found[1].text, "Third");
    }
}
