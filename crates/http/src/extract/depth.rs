//! Limits how deep a JSON text nests, before it is parsed: the recursive parser uses stack for every
//! level.

/// The deepest accepted nesting.
pub(super) const MAX_DEPTH: usize = 64;

/// Whether `json` nests deeper than [`MAX_DEPTH`]. Text that is not JSON may be counted wrongly; the
/// parser refuses it in any case.
pub(super) fn is_too_deep(json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_levels_and_not_brackets_in_strings() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(!is_too_deep(nested(MAX_DEPTH).as_bytes()));
        assert!(is_too_deep(nested(MAX_DEPTH + 1).as_bytes()));
        assert!(is_too_deep(r#"{"a":"#.repeat(MAX_DEPTH + 1).as_bytes()));
        let text = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(1_000));
        assert!(!is_too_deep(text.as_bytes()));
        let wide = format!("[{}]", vec!["[]"; 1_000].join(","));
        assert!(!is_too_deep(wide.as_bytes()));
    }
}
