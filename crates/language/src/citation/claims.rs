//! Where an answer cites: its markers `[n]`, and the claim before each. It does not look at sources.

use crate::sentence::last;

/// A statement of an answer with the numbers of the markers after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The text, without markers.
    pub text: String,
    /// The `n` of each marker.
    pub cites: Vec<usize>,
}

/// A marker in a text, by byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The offset of its `[`.
    pub start: usize,
    /// The offset after its `]`.
    pub end: usize,
    /// Its number.
    pub number: usize,
}

/// Removes every marker whose number is not one of 1 to `count`.
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
                let text = last(answer.get(from..marker.start).unwrap_or_default()).to_owned();
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

/// The markers of a text, in order, without those inside code.
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
