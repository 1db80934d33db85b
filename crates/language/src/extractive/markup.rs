//! Removes inline markup: emphasis, code marks, links, images, HTML tags, and numbers in square
//! brackets, which would look like citation markers of the answer. One pass with bounded look-ahead.
//! Words are never changed.

/// The longest link text, target or tag that is recognised, in bytes.
const LONGEST_MARK: usize = 300;

/// The HTML tags that are removed; other angle brackets (`cp <source> <target>`) are text.
const TAGS: [&str; 24] = [
    "a", "b", "br", "code", "div", "em", "h1", "h2", "h3", "i", "iframe", "img", "li", "ol", "p",
    "pre", "script", "span", "strong", "sub", "sup", "td", "tr", "ul",
];

/// `text` on one line, without inline markup.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(mark(rest, c, &mut out)..).unwrap_or_default();
    }
    one_line(&out)
}

/// Writes what is kept of the mark or character at the start of `rest`; returns its bytes.
fn mark(rest: &str, first: char, out: &mut String) -> usize {
    match first {
        '!' if rest.starts_with("![") => {
            if let Some((kept, taken)) = bracket(&rest[1..]) {
                out.push_str(&kept.replace(['*', '`'], ""));
                return taken + 1;
            }
        }
        '[' => match bracket(rest) {
            Some(("", taken)) => {
                if out.ends_with(' ') {
                    out.pop();
                }
                return taken;
            }
            Some((kept, taken)) => {
                out.push_str(&kept.replace(['*', '`'], ""));
                return taken;
            }
            None => {}
        },
        '<' => {
            if let Some(taken) = tag(rest) {
                out.push(' ');
                return taken;
            }
        }
        '*' | '`' => {
            let marks = rest.len() - rest.trim_start_matches(first).len();
            if let Some((kept, taken)) = emphasis(out, rest, marks) {
                out.push_str(kept.replace('`', "").trim());
                return taken;
            }
            // The whole run, so that a long one is looked at once.
            out.push_str(&rest[..marks]);
            return marks;
        }
        _ => {}
    }
    out.push(first);
    first.len_utf8()
}

/// Collapses white space and joins words that a line end cut at a soft hyphen.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if line.ends_with(['\u{ad}', '\u{2010}']) && word.starts_with(char::is_lowercase) {
            line.pop();
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// What to keep of a text in square brackets, and how many bytes the whole mark has: a link keeps
/// its text, a numeric citation nothing; other brackets are text.
fn bracket(text: &str) -> Option<(&str, usize)> {
    let close = find(text, ']')?;
    let inner = &text[1..close];
    let after = &text[close + 1..];
    if inner.contains('[') {
        return None;
    }
    if after.starts_with('(') {
        let end = find(after, ')')?;
        return Some((inner, close + 1 + end + 1));
    }
    if after.starts_with('[') {
        let end = find(after, ']')?;
        return Some((inner, close + 1 + end + 1));
    }
    let is_marker = !inner.is_empty()
        && inner
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ',' | ' ' | '-' | '–' | '^'));
    is_marker.then_some(("", close + 1))
}

fn tag(text: &str) -> Option<usize> {
    let close = find(text, '>')?;
    let inner = text[1..close].trim_start_matches('/');
    let name: String = inner
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    let known = TAGS.contains(&name.as_str()) || inner.starts_with("!--");
    known.then_some(close + 1)
}

/// What is between two runs of `marks` equal marks of emphasis or code, and how many bytes that is
/// with the marks; a run without a partner is text.
fn emphasis<'a>(before: &str, rest: &'a str, marks: usize) -> Option<(&'a str, usize)> {
    let first = rest.chars().next()?;
    let inner = rest.get(marks..)?;
    let close = find(inner, first)?;
    let (kept, after) = inner.split_at(close);
    let after = after.get(marks..)?;
    let closed = inner[close..].starts_with(&rest[..marks]);
    let in_word = first == '*'
        && (before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric));
    let loose = first == '*' && (kept.starts_with(' ') || kept.ends_with(' '));
    let whole = closed && !in_word && !loose && !kept.is_empty();
    whole.then_some((kept, marks + close + marks))
}

fn find(text: &str, wanted: char) -> Option<usize> {
    text.char_indices()
        .take_while(|(at, _)| *at < LONGEST_MARK)
        .find(|(_, c)| *c == wanted)
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        for (text, expected) in [
            (
                "**HISTSIZE** is `500`\n by *default*.",
                "HISTSIZE is 500 by default.",
            ),
            (
                "See [the manual](https://example.com/a) [2], [3-5].",
                "See the manual,.",
            ),
            (
                "![a *diagram*](http://tracker/x.png) shows it",
                "a diagram shows it",
            ),
            (
                "a[0] * b[i] and cp <source> <target>",
                "a * b[i] and cp <source> <target>",
            ),
            ("one<br/>two <img src='x' onerror=y>three", "one two three"),
            (
                "an\u{2010}\n   chored and well-known",
                "anchored and well-known",
            ),
            (
                "__init__ and snake_case stay",
                "__init__ and snake_case stay",
            ),
            (
                "an open [ bracket and < sign",
                "an open [ bracket and < sign",
            ),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn a_run_of_open_marks_takes_linear_time() {
        for hostile in [
            "[<![".repeat(50_000),
            "`".repeat(200_000),
            "*a".repeat(100_000),
        ] {
            assert!(plain(&hostile).len() <= hostile.len());
        }
    }
}
