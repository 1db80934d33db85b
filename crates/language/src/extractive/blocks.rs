//! A text into its blocks, line by line: headings, paragraphs, points of a list, rows of a table,
//! program text, and the entries of a manual, where a term is above or before its description.
//! It reads markdown, manual pages and the plain text of a PDF alike, each as far as it keeps its
//! line breaks. One pass; inline markup is left in.

use super::terms::{is_heading_line, is_strict_term, is_term, split_inline_term};

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Names what follows.
    Heading,
    /// Running text.
    Paragraph,
    /// The description of [`Block::term`].
    Entry,
    /// A point of a list or a row of a table.
    Item,
    /// Program text.
    Code,
}

/// A block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block<'a> {
    /// What it is.
    pub kind: BlockKind,
    /// The term that it describes; may be empty.
    pub term: &'a str,
    /// Whether this is the first block of that description.
    pub opens_term: bool,
    /// Its lines.
    pub lines: Vec<&'a str>,
    /// Columns before its first line.
    indent: usize,
}

/// The blocks of `text`, in order.
pub fn parse(text: &str) -> Vec<Block<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut parser = Parser::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += match fence(line) {
            Some(mark) => parser.code(mark, lines.get(at + 1..).unwrap_or_default()),
            None => {
                parser.line(line, lines.get(at + 1..).unwrap_or_default());
                1
            }
        };
    }
    parser.close();
    parser.blocks
}

#[derive(Default)]
struct Parser<'a> {
    blocks: Vec<Block<'a>>,
    open: Option<Block<'a>>,
    /// The entry whose description may go on after an empty line.
    entry: Option<(&'a str, usize)>,
}

impl<'a> Parser<'a> {
    fn line(&mut self, line: &'a str, following: &[&'a str]) {
        let (indent, text) = (columns_before(line), line.trim());
        if text.is_empty() {
            self.empty_line();
        } else if let Some(heading) = markdown_heading(text) {
            self.heading(heading);
        } else if is_rule(text) {
            self.rule(text);
        } else if text.starts_with('|') {
            self.start(BlockKind::Item, indent, text);
            self.close();
        } else if let Some(point) = list_point(text) {
            self.start(BlockKind::Item, indent, point);
        } else if let Some(description) = text.strip_prefix(": ")
            && let Some(term) = self.single_open_line()
        {
            self.open = None;
            self.start_entry(term, indent.saturating_sub(1), Some(description));
        } else {
            self.text(indent, text, following);
        }
    }

    fn text(&mut self, indent: usize, text: &'a str, following: &[&'a str]) {
        let may_start = self.may_start_entry(indent);
        if may_start && let Some((term, description)) = split_inline_term(text) {
            self.start_entry(term, indent, Some(description));
        } else if may_start && is_heading_line(text) && indent == 0 {
            self.heading(text);
        } else if may_start && begins_entry(indent, text, following) {
            self.start_entry(text, indent, None);
        } else if self.belongs_to_open(indent) {
            if let Some(open) = &mut self.open {
                open.lines.push(text);
            }
        } else {
            self.start_text(indent, text);
        }
    }

    /// A term cannot stand in the middle of a sentence.
    fn may_start_entry(&self, indent: usize) -> bool {
        match &self.open {
            None => true,
            Some(open) => {
                let ended = open.lines.last().is_none_or(|line| ends_sentence(line));
                ended || open.kind == BlockKind::Entry && indent <= open.indent
            }
        }
    }

    fn belongs_to_open(&self, indent: usize) -> bool {
        match &self.open {
            None => false,
            Some(open) => {
                open.kind != BlockKind::Entry || indent > open.indent || open.lines.is_empty()
            }
        }
    }

    fn start_text(&mut self, indent: usize, text: &'a str) {
        match self.entry {
            Some((term, entry_indent)) if indent > entry_indent => {
                self.start(BlockKind::Entry, indent, text);
                if let Some(open) = &mut self.open {
                    open.term = term;
                    open.indent = entry_indent;
                }
            }
            _ => {
                self.entry = None;
                self.start(BlockKind::Paragraph, indent, text);
            }
        }
    }

    fn start_entry(&mut self, term: &'a str, indent: usize, description: Option<&'a str>) {
        self.close();
        self.entry = Some((term, indent));
        self.open = Some(Block {
            kind: BlockKind::Entry,
            term,
            opens_term: true,
            lines: description.into_iter().collect(),
            indent,
        });
    }

    fn start(&mut self, kind: BlockKind, indent: usize, text: &'a str) {
        self.close();
        self.open = Some(Block {
            kind,
            term: "",
            opens_term: false,
            lines: vec![text],
            indent,
        });
    }

    fn heading(&mut self, text: &'a str) {
        self.start(BlockKind::Heading, 0, text);
        self.close();
        self.entry = None;
    }

    /// Ends a block; an entry that has only its term so far waits for its description.
    fn empty_line(&mut self) {
        if self
            .open
            .as_ref()
            .is_some_and(|open| !open.lines.is_empty())
        {
            self.close();
        }
    }

    /// A line of dashes or equal signs makes a heading of a single line over it.
    fn rule(&mut self, rule: &str) {
        match self.single_open_line() {
            Some(title) if rule.starts_with(['=', '-']) => {
                self.open = None;
                self.heading(title);
            }
            _ => self.close(),
        }
    }

    fn single_open_line(&self) -> Option<&'a str> {
        match &self.open {
            Some(open) if open.kind == BlockKind::Paragraph && open.lines.len() == 1 => {
                open.lines.first().copied()
            }
            _ => None,
        }
    }

    /// Takes program text up to its closing fence; returns how many lines that were.
    fn code(&mut self, mark: &str, lines: &[&'a str]) -> usize {
        self.close();
        let body: Vec<&str> = lines
            .iter()
            .copied()
            .take_while(|line| fence(line) != Some(mark))
            .collect();
        let taken = body.len() + 2;
        if body.iter().any(|line| !line.trim().is_empty()) {
            self.blocks.push(Block {
                kind: BlockKind::Code,
                term: "",
                opens_term: false,
                lines: body,
                indent: 0,
            });
        }
        taken
    }

    fn close(&mut self) {
        if let Some(block) = self.open.take() {
            self.blocks.push(block);
        }
    }
}

/// A term alone on its line, with its description on the next: deeper, or, where a text has lost
/// its indentation, after a term that cannot be anything else.
fn begins_entry(indent: usize, text: &str, following: &[&str]) -> bool {
    let mut next = following
        .iter()
        .map(|line| (columns_before(line), line.trim()));
    let after_gap = match next.next() {
        Some((_, "")) => true,
        Some((deeper, description)) => {
            let indented = deeper >= indent + 2 && is_term(text);
            let under = indented && begins_like_a_sentence(description);
            return under || is_strict_term(text) && begins_description(description);
        }
        None => return false,
    };
    after_gap
        && is_strict_term(text)
        && next
            .next()
            .is_some_and(|(_, description)| begins_description(description))
}

fn begins_description(text: &str) -> bool {
    begins_like_a_sentence(text) && text.split_whitespace().count() >= 3
}

fn begins_like_a_sentence(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| !c.is_lowercase() && c != '#') && !is_strict_term(text)
}

fn ends_sentence(line: &str) -> bool {
    line.trim_end_matches(['"', '\'', ')', '”'])
        .ends_with(['.', '!', '?', ':', '。'])
}

fn columns_before(line: &str) -> usize {
    let mut columns = 0;
    for c in line.chars() {
        match c {
            '\t' => columns += 8 - columns % 8,
            c if c.is_whitespace() => columns += 1,
            _ => break,
        }
    }
    columns
}

fn fence(line: &str) -> Option<&'static str> {
    let text = line.trim_start();
    ["```", "~~~"]
        .into_iter()
        .find(|mark| text.starts_with(mark))
}

fn markdown_heading(text: &str) -> Option<&str> {
    let title = text.trim_start_matches('#');
    let level = text.len() - title.len();
    let is_heading = (1..=6).contains(&level) && title.starts_with(' ');
    is_heading.then(|| title.trim_end_matches('#').trim())
}

fn is_rule(text: &str) -> bool {
    text.len() >= 3
        && text
            .chars()
            .all(|c| matches!(c, '-' | '=' | '_' | '*' | '|' | '+' | ':' | ' '))
}

/// What follows the bullet or number of a point.
fn list_point(text: &str) -> Option<&str> {
    let after_bullet = text.strip_prefix(['-', '*', '+', '•', '‣', '◦', '▪', '–', '·']);
    let after_number = || {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let rest = text.get(digits..)?;
        (1..=3).contains(&digits).then_some(())?;
        rest.strip_prefix(['.', ')'])
    };
    let point = after_bullet.or_else(after_number)?;
    let content = point.trim_start();
    (content.len() < point.len() && !content.is_empty()).then_some(content)
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
