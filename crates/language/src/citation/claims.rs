//! Where an answer cites: its markers `[n]`, and what it says with each. It knows no source.

/// What an answer says at one place, with the numbers of the markers behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The text, without markers.
    pub text: String,
    /// The `n` of each marker.
    pub cites: Vec<usize>,
}

/// A marker's place in a text: bytes from its `[` to past its `]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Where its `[` is.
    pub start: usize,
    /// Past its `]`.
    pub end: usize,
    /// Its number.
    pub number: usize,
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

/// The markers of a text, in order; what stands in code is none.
pub fn markers(text: &str) -> Vec<Marker> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
