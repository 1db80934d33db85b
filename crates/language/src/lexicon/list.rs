//! How the files in `data/` are read: lines, of which some have a name before a colon. It knows no
//! single list.

/// The lines of a file without empty ones and comments (`#`).
pub(super) fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The words of a file of plain lines.
pub(super) fn words(file: &'static str) -> impl Iterator<Item = &'static str> {
    lines(file).flat_map(str::split_whitespace)
}

/// Each line `name: rest` as its name and its rest; a line without a colon is left out.
pub(super) fn named(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(file).filter_map(|line| line.split_once(": "))
}

/// Each word of the lines `name: words` with its line's name.
pub(crate) fn named_words(
    file: &'static str,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    named(file).flat_map(|(name, words)| words.split_whitespace().map(move |word| (name, word)))
}
