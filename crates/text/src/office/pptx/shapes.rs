//! The shapes of one slide (ECMA-376 part 1, 19.3 and 21.1): its title, and the text of the others.

use super::super::super::xml::{Node, Tag, XmlReader};
use super::super::super::{ExtractFailure, ExtractLimits};
use super::super::package::described;
use std::collections::HashSet;

/// A line of a slide.
pub(super) enum Line {
    /// A shape begins.
    Shape,
    /// A paragraph of it.
    Paragraph(String),
    /// A table begins.
    Table,
    /// A row of it.
    Row(Vec<Cell>),
    /// It ends.
    EndTable,
}

/// A cell of a table; those that continue the one to their left are left out.
#[derive(Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// How many columns it covers.
    pub(super) columns: usize,
    /// Whether it continues the one above.
    pub(super) continues: bool,
}

/// The content of a slide.
#[derive(Default)]
pub(super) struct Slide {
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
    pub(super) hidden: bool,
}

/// What a placeholder is for.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Purpose {
    #[default]
    Body,
    Title,
    /// Slide numbers, dates and footers: the same on every slide.
    Boilerplate,
}

/// What is open while a slide is read.
#[derive(Default)]
struct Open {
    purpose: Purpose,
    paragraph: Option<String>,
    row: Option<Vec<Cell>>,
    cell: Option<Cell>,
    /// Whether the open cell continues the one to its left.
    is_covered: bool,
}

impl Slide {
    pub(super) fn read(part: &str, limits: &ExtractLimits) -> Result<Self, ExtractFailure> {
        let mut slide = Self::default();
        let mut open = Open::default();
        let mut reader = XmlReader::new(part, limits);
        while let Some(node) = reader.next()? {
            match node {
                Node::Start(tag) => slide.start(&tag, &mut open, &mut reader)?,
                Node::End(tag) => slide.end(tag.name(), &mut open),
                Node::Text(_) => {}
            }
        }
        Ok(slide)
    }

    /// All its paragraphs in one line.
    pub(super) fn plain(&self) -> String {
        let mut words = Vec::new();
        for line in &self.lines {
            match line {
                Line::Paragraph(text) => words.push(text.clone()),
                Line::Row(cells) => {
                    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
                    words.push(texts.join(" | "));
                }
                Line::Shape | Line::Table | Line::EndTable => {}
            }
        }
        words.join(" ")
    }

    fn start(
        &mut self,
        tag: &Tag<'_>,
        open: &mut Open,
        reader: &mut XmlReader<'_>,
    ) -> Result<(), ExtractFailure> {
        match tag.name() {
            "sld" => self.hidden = tag.attr("show").is_some_and(|show| show == "0"),
            "sp" | "graphicFrame" | "pic" | "cxnSp" => {
                open.purpose = Purpose::Body;
                self.lines.push(Line::Shape);
            }
            "cNvPr" if tag.attr("hidden").is_some_and(|hidden| hidden == "1") => {
                open.purpose = Purpose::Boilerplate;
            }
            "cNvPr" => self.describe(tag),
            "ph" => open.purpose = purpose(tag).unless_boilerplate(open.purpose),
            "p" => open.paragraph = Some(String::new()),
            "t" => {
                let text = reader.text_with_space()?;
                if let Some(paragraph) = &mut open.paragraph {
                    paragraph.push_str(&text);
                }
            }
            "br" | "tab" => {
                if let Some(paragraph) = &mut open.paragraph {
                    paragraph.push(' ');
                }
            }
            "tbl" => self.lines.push(Line::Table),
            "tr" => open.row = Some(Vec::new()),
            "tc" => open.begin_cell(tag),
            "Fallback" => reader.skip()?,
            _ => {}
        }
        Ok(())
    }

    /// Adds the description of a picture, if its author has given one.
    fn describe(&mut self, tag: &Tag<'_>) {
        if let Some(description) = described(tag) {
            self.lines.push(Line::Paragraph(description));
        }
    }

    fn end(&mut self, name: &str, open: &mut Open) {
        match name {
            "p" => {
                let text = open.paragraph.take().unwrap_or_default();
                self.paragraph(text, open);
            }
            "tc" => {
                if let (Some(row), Some(cell)) = (&mut open.row, open.cell.take())
                    && !open.is_covered
                {
                    row.push(cell);
                }
            }
            "tr" => {
                if let Some(row) = open.row.take() {
                    self.lines.push(Line::Row(row));
                }
            }
            "tbl" => self.lines.push(Line::EndTable),
            "sp" | "graphicFrame" | "pic" | "cxnSp" => open.purpose = Purpose::Body,
            _ => {}
        }
    }

    fn paragraph(&mut self, text: String, open: &mut Open) {
        if text.trim().is_empty() || open.purpose == Purpose::Boilerplate {
            return;
        }
        if let Some(cell) = &mut open.cell {
            if !cell.text.is_empty() {
                cell.text.push(' ');
            }
            cell.text.push_str(text.trim());
        } else if open.purpose == Purpose::Title {
            if !self.title.is_empty() {
                self.title.push(' ');
            }
            self.title.push_str(text.trim());
        } else {
            self.lines.push(Line::Paragraph(text));
        }
    }
}

impl Open {
    fn begin_cell(&mut self, tag: &Tag<'_>) {
        let is_on = |name| {
            tag.attr(name)
                .is_some_and(|value| value == "1" || value == "true")
        };
        self.is_covered = is_on("hMerge");
        self.cell = Some(Cell {
            text: String::new(),
            columns: tag
                .attr("gridSpan")
                .and_then(|span| span.parse().ok())
                .unwrap_or(1),
            continues: is_on("vMerge"),
        });
    }
}

impl Purpose {
    /// This purpose, unless the shape is boilerplate or hidden already.
    fn unless_boilerplate(self, before: Self) -> Self {
        if before == Self::Boilerplate {
            before
        } else {
            self
        }
    }
}

fn purpose(tag: &Tag<'_>) -> Purpose {
    match tag.attr("type").as_deref() {
        Some("title" | "ctrTitle") => Purpose::Title,
        Some("sldNum" | "dt" | "ftr" | "hdr") => Purpose::Boilerplate,
        _ => Purpose::Body,
    }
}

/// The comments of a part, in the older (`p:text`) or the newer form (`a:t`).
pub(super) fn comments(part: &str, limits: &ExtractLimits) -> Result<Vec<String>, ExtractFailure> {
    let mut comments = Vec::new();
    let mut reader = XmlReader::new(part, limits);
    while let Some(tag) = reader.next_start()? {
        if ["text", "txBody"].contains(&tag.name()) {
            let text = reader.text_of(&["p", "br"], &[])?;
            if !text.is_empty() {
                comments.push(text);
            }
        }
    }
    Ok(comments)
}

/// The texts of a diagram or chart, each once, without its numbers.
pub(super) fn words(part: &str, limits: &ExtractLimits) -> Result<String, ExtractFailure> {
    let mut words = Vec::new();
    let mut seen = HashSet::new();
    let mut reader = XmlReader::new(part, limits);
    while let Some(tag) = reader.next_start()? {
        match tag.name() {
            "numCache" | "numLit" => reader.skip()?,
            // Text of a diagram; a name or category of a chart.
            "t" | "v" => {
                let text = reader.text_of(&[], &[])?;
                if !text.is_empty() && seen.insert(text.clone()) {
                    words.push(text);
                }
            }
            _ => {}
        }
    }
    Ok(words.join(" "))
}
