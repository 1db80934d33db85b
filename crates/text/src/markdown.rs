//! The headings of Markdown: `#` lines and underlined ones, outside of fenced code and front
//! matter. The text itself stays as it is, so that offsets refer to the original.

use super::fence::Fence;
use super::{Section, front_matter};

/// The headings of `text` in order.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut found = Vec::new();
    let mut state = Lines::default();
    let mut chars = 0;
    for line in text.split_inclusive('\n') {
        state.read(line.trim_end(), chars, &mut found);
        chars += line.chars().count();
    }
    found
}

/// The first heading of level 1, else the first heading.
pub(super) fn title(sections: &[Section]) -> Option<String> {
    sections
        .iter()
        .find(|section| section.level == 1)
        .or(sections.first())
        .map(|section| section.title.clone())
}

/// What the lines before the current one mean for it.
#[derive(Default)]
struct Lines {
    fence: Fence,
    /// What ends the front matter that is open.
    front_matter_ends: &'static [&'static str],
    seen_any: bool,
    /// The line before with its offset, if an underline would make it a heading.
    before: Option<(usize, String)>,
}

impl Lines {
    fn read(&mut self, line: &str, at: usize, found: &mut Vec<Section>) {
        let first = !std::mem::replace(&mut self.seen_any, true);
        let before = self.before.take();
        if self.skip_front_matter(line, first) || self.fence.covers(line) {
            return;
        }
        if let Some((level, title)) = hashed(line) {
            found.push(section(at, level, title));
        } else if let (Some(level), Some((at, title))) = (underline(line), before) {
            found.push(section(at, level, &title));
        } else if can_be_underlined(line) {
            self.before = Some((at, line.to_owned()));
        }
    }

    fn skip_front_matter(&mut self, line: &str, first: bool) -> bool {
        if first {
            self.front_matter_ends = front_matter::closing_marks(line);
            return !self.front_matter_ends.is_empty();
        }
        let is_in = !self.front_matter_ends.is_empty();
        if self.front_matter_ends.contains(&line) {
            self.front_matter_ends = &[];
        }
        is_in
    }
}

fn section(char_start: usize, level: u8, title: &str) -> Section {
    Section {
        char_start,
        level,
        title: without_markup(title),
    }
}

/// `## Title ##` → 2 and `Title`.
fn hashed(line: &str) -> Option<(u8, &str)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let line = line.trim_start_matches(' ');
    let level = line.chars().take_while(|c| *c == '#').count();
    let rest = line.get(level..)?;
    let is_heading = indent <= 3 && (1..=6).contains(&level) && rest.starts_with([' ', '\t']);
    let title = rest.trim().trim_end_matches('#').trim_end();
    (is_heading && !title.is_empty()).then_some((u8::try_from(level).ok()?, title))
}

fn underline(line: &str) -> Option<u8> {
    let line = line.trim();
    match line.chars().next()? {
        '=' if line.chars().all(|c| c == '=') => Some(1),
        '-' if line.len() > 1 && line.chars().all(|c| c == '-') => Some(2),
        _ => None,
    }
}

fn can_be_underlined(line: &str) -> bool {
    let bare = line.trim_start();
    let is_block = bare.starts_with(['>', '|', '*', '+', '-', '#', '<']);
    !bare.is_empty() && !is_block && line.len() - bare.len() <= 3
}

/// Removes emphasis, code marks and link targets from a heading.
fn without_markup(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '`' | '*' | '[' => {}
            ']' => rest = after_link_target(rest),
            '\\' => {}
            other => plain.push(other),
        }
    }
    plain.trim().to_owned()
}

fn after_link_target(rest: &str) -> &str {
    let closing = match rest.chars().next() {
        Some('(') => ')',
        Some('[') => ']',
        _ => return rest,
    };
    rest.split_once(closing).map_or(rest, |(_, after)| after)
}
