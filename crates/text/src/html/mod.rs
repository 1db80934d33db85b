//! HTML to text, in one pass over its tokens. No tree is built, so that time and memory are linear
//! in the size of the file, and the depth of open elements is limited. Scripts, styles, navigation and
//! what the page does not show are left out; blocks become paragraphs, headings sections, table rows lines.

mod attribute;
mod element;
mod hidden;

use super::writer::{Break, Writer};
use super::{ExtractFailure, ExtractLimits, Extracted};
use attribute::attribute;
use element::Element;
use hidden::HiddenRules;
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use std::collections::HashMap;

/// Extracts the text, title and sections of a page.
///
/// # Errors
/// `too_deep` and `too_large` by the limits.
pub(super) fn extract(html: &str, limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut page = Page {
        writer: Writer::new(limits),
        open: Vec::new(),
        open_by_name: HashMap::new(),
        skipped: 0,
        header_rows: 0,
        title: None,
        hidden: HiddenRules::default(),
        limits,
    };
    for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
        match token {
            Token::StartTag(tag) => page.start(&tag)?,
            Token::EndTag(tag) => page.end(&tag.name)?,
            Token::String(string) => page.text(&String::from_utf8_lossy(&string.value))?,
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    let title = page.title.filter(|title| !title.is_empty());
    let mut extracted = page.writer.finish()?;
    extracted.title = title.or_else(|| super::markdown::title(&extracted.sections));
    Ok(extracted)
}

struct Page<'a> {
    writer: Writer<'a>,
    /// The open elements that need an end tag, outermost first.
    open: Vec<(Vec<u8>, Element)>,
    /// The number of open elements by name, so that a stray end tag costs nothing.
    open_by_name: HashMap<Vec<u8>, usize>,
    /// How many of the open elements are left out with their content.
    skipped: usize,
    /// How many `<thead>` are open.
    header_rows: usize,
    /// `Some` from the first `<title>` on.
    title: Option<String>,
    hidden: HiddenRules,
    limits: &'a ExtractLimits,
}

impl Page<'_> {
    fn start(&mut self, tag: &StartTag<()>) -> Result<(), ExtractFailure> {
        let mut element = Element::of(&tag.name);
        let navigates = tag
            .attributes
            .iter()
            .any(|(name, value)| Element::is_navigation(name, &value.value));
        if navigates && matches!(element, Element::Block | Element::Table) {
            element = Element::Skipped;
        }
        if &**tag.name == b"dialog" && attribute(tag, b"open").is_some() {
            element = Element::Block;
        }
        self.end_in_skipped_before(&tag.name);
        let is_hidden = element != Element::Title && self.hidden.hide(tag);
        let is_void = element.is_void() || Element::is_void_name(&tag.name);
        if is_hidden && is_void {
            return Ok(());
        }
        if is_hidden {
            element = Element::Skipped;
        }
        if self.skipped == 0 {
            self.begin(element, tag)?;
        }
        // What is left out is followed in full, so that it ends where it should.
        let is_left_out = self.skipped > 0 || element == Element::Skipped;
        let is_empty = is_void || (self.skipped > 0 && tag.self_closing);
        if is_empty || (element.end_is_optional() && !is_left_out) {
            return Ok(());
        }
        if self.open.len() >= self.limits.html_depth {
            return Err(ExtractFailure::too_deep(format!(
                "more than {} elements are nested in each other",
                self.limits.html_depth
            )));
        }
        self.skipped += usize::from(element == Element::Skipped);
        *self.open_by_name.entry(tag.name.to_vec()).or_default() += 1;
        self.open.push((tag.name.to_vec(), element));
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), ExtractFailure> {
        let element = Element::of(name);
        if element.end_is_optional() && !self.is_open(name) {
            if self.skipped == 0 {
                self.finish(element)?;
            }
            return Ok(());
        }
        if !self.is_open(name) {
            return Ok(());
        }
        // Also ends the elements that were left open inside it.
        while let Some((open, element)) = self.open.pop() {
            if let Some(count) = self.open_by_name.get_mut(&open) {
                *count -= 1;
            }
            if element == Element::Skipped {
                self.skipped -= 1;
            } else if self.skipped == 0 {
                self.finish(element)?;
            }
            if open == name {
                break;
            }
        }
        Ok(())
    }

    fn is_open(&self, name: &[u8]) -> bool {
        self.open_by_name.get(name).is_some_and(|count| *count > 0)
    }

    /// Ends elements without an end tag that are left out, such as `<p hidden>`, where the next begins.
    fn end_in_skipped_before(&mut self, next: &[u8]) {
        while self.skipped > 0
            && let Some((name, element)) = self.open.last()
            && Element::of(name).end_is_optional()
            && Element::ends_before(name, next)
        {
            if let Some(count) = self.open_by_name.get_mut(name) {
                *count -= 1;
            }
            self.skipped -= usize::from(*element == Element::Skipped);
            self.open.pop();
        }
    }

    fn begin(&mut self, element: Element, tag: &StartTag<()>) -> Result<(), ExtractFailure> {
        match element {
            Element::Block | Element::Paragraph => self.writer.begin_block(),
            Element::Table => return self.begin_table(tag),
            Element::Line => self.writer.break_before(Break::Line),
            Element::Heading(level) => self.writer.begin_heading(level),
            Element::Item => self.writer.begin_item(),
            Element::HeaderRows => self.header_rows += 1,
            Element::Row => {
                self.writer.begin_row()?;
                if self.header_rows > 0 {
                    self.writer.mark_header_row();
                }
            }
            Element::Cell | Element::HeaderCell => self.begin_cell(element, tag),
            Element::Verbatim => self.writer.begin_verbatim(),
            Element::Image => {
                let alt = tag.attributes.iter().find(|(name, _)| ***name == *b"alt");
                if let Some((_, alt)) = alt {
                    return self.writer.text(&String::from_utf8_lossy(&alt.value));
                }
            }
            Element::Title if self.title.is_none() => self.title = Some(String::new()),
            Element::Title | Element::Skipped | Element::Inline | Element::Void => {}
        }
        Ok(())
    }

    fn begin_table(&mut self, tag: &StartTag<()>) -> Result<(), ExtractFailure> {
        self.writer.begin_table()?;
        // Headers of a table around this one are not this one's.
        self.header_rows = 0;
        match attribute(tag, b"role").as_deref() {
            Some("presentation" | "none") => self.writer.table_is_layout(),
            _ => Ok(()),
        }
    }

    fn begin_cell(&mut self, element: Element, tag: &StartTag<()>) {
        self.writer.begin_cell();
        self.writer.mark_header_cell(element == Element::HeaderCell);
        let number = |name| attribute(tag, name)?.trim().parse().ok();
        let columns = number(b"colspan").unwrap_or(1);
        // 0 rows are all that follow.
        let rows = match number(b"rowspan") {
            Some(0) => usize::MAX,
            rows => rows.unwrap_or(1),
        };
        self.writer.span_cell(columns, rows);
    }

    fn finish(&mut self, element: Element) -> Result<(), ExtractFailure> {
        match element {
            Element::Table => return self.writer.end_table(),
            Element::HeaderRows => self.header_rows = self.header_rows.saturating_sub(1),
            Element::Block | Element::Paragraph => {
                self.writer.break_before(Break::Paragraph);
            }
            Element::Item | Element::Row | Element::Line => self.writer.break_before(Break::Line),
            Element::Heading(_) => self.writer.end_heading(),
            Element::Verbatim => self.writer.end_verbatim(),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ExtractFailure> {
        let in_title = self.open.last().is_some_and(|(_, e)| *e == Element::Title);
        if in_title {
            if let Some(title) = self.title.as_mut().filter(|title| title.is_empty()) {
                *title = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            return Ok(());
        }
        if self.skipped > 0 {
            if self.open.last().is_some_and(|(name, _)| name == b"style") {
                self.hidden.read(text);
            }
            return Ok(());
        }
        self.writer.text(text)
    }
}
