//! The front matter of Markdown, as site generators write it: YAML between `---`, or TOML between `+++`.
//! Only the title is read from it.

/// More lines belong to no front matter.
const MOST_LINES: usize = 200;
const LONGEST_TITLE_CHARS: usize = 300;

/// The marks between which a text's front matter stands, if its first line opens one.
pub(super) fn closing_marks(first_line: &str) -> &'static [&'static str] {
    match first_line {
        "---" => &["---", "..."],
        "+++" => &["+++"],
        _ => &[],
    }
}

/// The title that the front matter states.
pub(super) fn title(text: &str) -> Option<String> {
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim_end);
    let first = lines.next()?;
    let ends = closing_marks(first);
    let lines: Vec<&str> = lines
        .take(MOST_LINES)
        .take_while(|line| !ends.contains(line))
        .collect();
    let is_closed = text
        .lines()
        .skip(1)
        .take(MOST_LINES + 1)
        .any(|line| ends.contains(&line.trim_end()));
    if !is_closed {
        return None;
    }
    let separator = if first == "+++" { '=' } else { ':' };
    let (at, value) = lines.iter().enumerate().find_map(|(at, line)| {
        let (name, value) = line.split_once(separator)?;
        name.trim_end()
            .eq_ignore_ascii_case("title")
            .then_some((at, value.trim()))
    })?;
    let value = match value {
        // A folded or literal text is in the indented lines that follow (YAML 1.2.2, 8.1).
        ">" | "|" | ">-" | "|-" | ">+" | "|+" | "" => {
            let below = lines
                .iter()
                .skip(at + 1)
                .take_while(|line| line.starts_with([' ', '\t']));
            below.map(|line| line.trim()).collect::<Vec<_>>().join(" ")
        }
        value => unquoted(value),
    };
    let title: String = value.trim().chars().take(LONGEST_TITLE_CHARS).collect();
    (!title.is_empty()).then_some(title)
}

/// A value without its quotes, and without a comment behind it.
fn unquoted(value: &str) -> String {
    if let Some(rest) = value.strip_prefix('\'') {
        let end = rest.rfind('\'').unwrap_or(rest.len());
        return rest.get(..end).unwrap_or_default().replace("''", "'");
    }
    if let Some(rest) = value.strip_prefix('"') {
        let mut plain = String::new();
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => plain.extend(chars.next()),
                other => plain.push(other),
            }
        }
        return plain;
    }
    value.split(" #").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn titles_are_read_as_they_are_written() {
        for (matter, expected) in [
            (
                "---\ntitle: Ferry timetable\nauthor: Ines\n---\n",
                Some("Ferry timetable"),
            ),
            (
                "---\nauthor: Ines\nTitle: \"A \\\"b\\\": c\" # note\n---\n",
                Some("A \"b\": c"),
            ),
            ("---\ntitle: 'It''s here'\n...\n", Some("It's here")),
            (
                "---\ntitle: >-\n  Two\n  lines\nlang: en\n---\n",
                Some("Two lines"),
            ),
            ("---\ntitle: plain # note\n---\n", Some("plain")),
            ("+++\ntitle = \"Winter hours\"\n+++\n", Some("Winter hours")),
            ("---\nsubtitle: x\n---\n", None),
            ("---\ntitle:\n---\n", None),
            ("---\ntitle: never closed\n", None),
            ("Text\n---\ntitle: x\n---\n", None),
        ] {
            assert_eq!(title(matter).as_deref(), expected, "{matter}");
        }
    }
}
