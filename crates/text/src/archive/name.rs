//! Names of entries, and how one part of a container refers to another. They are compared and
//! shown, and never used in a file system.

/// The longest name that a message shows, in characters.
const SHOWN_CHARS: usize = 80;

/// The form in which names are compared: `/` between folders and none at the start, ASCII letters
/// in lower case, as in office documents.
pub(super) fn key(name: &str) -> String {
    name.trim_start_matches('/')
        .replace('\\', "/")
        .to_ascii_lowercase()
}

/// The name as a message shows it.
pub(super) fn shown(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_control())
        .take(SHOWN_CHARS)
        .collect()
}

/// The folder of a part; empty for one at the top.
pub(in super::super) fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The part that `target` in a part of the folder `base` refers to. A `..` at the top stays at the
/// top, so that nothing outside of the container can be meant.
pub(in super::super) fn resolve(base: &str, target: &str) -> String {
    let target = target.split(['#', '?']).next().unwrap_or_default();
    let target = decoded(target).replace('\\', "/");
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        base.split('/').filter(|part| !part.is_empty()).collect()
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Undoes percent encoding (RFC 3986, 2.1); invalid sequences stay as they are.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair
            .filter(|_| *first == b'%')
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = after
            .get(if byte.is_some() { 2 } else { 0 }..)
            .unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_inside_the_container() {
        assert_eq!(resolve("word", "footnotes.xml"), "word/footnotes.xml");
        assert_eq!(resolve("ppt/slides", "../notes/n1.xml"), "ppt/notes/n1.xml");
        assert_eq!(resolve("word", "/docProps/core.xml"), "docProps/core.xml");
        assert_eq!(resolve("a", "../../../etc/passwd"), "etc/passwd");
        assert_eq!(resolve("OEBPS", "ch%201.xhtml#top"), "OEBPS/ch 1.xhtml");
        assert_eq!(resolve("", "50%.html"), "50%.html");
        assert_eq!(parent("OEBPS/content.opf"), "OEBPS");
        assert_eq!(parent("content.opf"), "");
    }
}
