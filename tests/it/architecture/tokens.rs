//! The tokens of a source file: names, `::`, `->` and single signs, without comments, texts and unit
//! tests. Just enough of Rust for the checks beside it.

/// The tokens of `text` up to its unit tests.
pub fn tokens(text: &str) -> Vec<String> {
    let end = text.find("#[cfg(test)]\nmod tests {");
    let mut rest = &text[..end.unwrap_or(text.len())];
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => text_length(rest),
            '\'' => char_length(rest),
            _ if is_raw(rest) => raw_length(rest),
            _ if first.is_alphanumeric() || first == '_' => {
                let is_part = |c: char| c.is_alphanumeric() || c == '_';
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                tokens.push(rest[..length].to_owned());
                length
            }
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                let is_double = rest.starts_with("::") || rest.starts_with("->");
                let length = if is_double { 2 } else { first.len_utf8() };
                tokens.push(rest[..length].to_owned());
                length
            }
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the text literal at the beginning of `rest`.
fn text_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character, or of a lifetime.
fn char_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => rest[3..].find('\'').map_or(rest.len(), |end| end + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let name = rest[1..].find(|c| !is_part(c));
            name.map_or(rest.len(), |end| end + 1)
        }
    }
}

fn is_raw(rest: &str) -> bool {
    ["r\"", "r#", "br\"", "br#"]
        .iter()
        .any(|begin| rest.starts_with(begin))
        && rest.trim_start_matches(['b', 'r', '#']).starts_with('"')
}

fn raw_length(rest: &str) -> usize {
    let begin = rest.find('"').unwrap_or(0);
    let signs = rest[..begin].matches('#').count();
    let end = format!("\"{}", "#".repeat(signs));
    let found = rest[begin + 1..].find(&end);
    found.map_or(rest.len(), |at| begin + 1 + at + end.len())
}
