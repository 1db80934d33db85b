//! Words that are divided at the end of a line.

/// Whether the last word of `line` goes on in `next`: `exam-` and `ple`.
pub(super) fn is_divided(line: &str, next: &str) -> bool {
    line.strip_suffix('-')
        .is_some_and(|word| word.ends_with(char::is_alphabetic))
        && next.starts_with(char::is_lowercase)
}
