//! RTF (Rich Text Format 1.9.1): paragraphs, headings by outline level, rows of tables, footnotes
//! and the title. One pass over the bytes; pictures, styles, running heads, hidden and deleted text
//! are left out. The depth of groups is limited, and groups are read without recursion.

mod characters;
mod shape;
mod tokens;

use super::writer::Writer;
use super::{ExtractFailure, ExtractLimits, Extracted, markdown};
use characters::Characters;
use shape::{Merge, RowShape};
use tokens::{Token, Tokens};

/// Extracts the text of a document.
///
/// # Errors
/// `corrupt` if groups are left open, `too_deep` and `too_large` by the limits.
pub(super) fn extract(bytes: &[u8], limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let mut document = Document {
        writer: Writer::new(limits),
        limits,
        state: State::default(),
        outer: Vec::new(),
        characters: Characters::default(),
        row: Vec::new(),
        title: String::new(),
        level: None,
        in_table: false,
        has_table: false,
        shapes: RowShape::default(),
    };
    let mut tokens = Tokens::new(bytes);
    while let Some(token) = tokens.next() {
        document.read(token)?;
    }
    if !document.outer.is_empty() {
        return Err(ExtractFailure::corrupt(format!(
            "it ends while {} groups are open",
            document.outer.len()
        )));
    }
    document.end_paragraph()?;
    let mut extracted = document.writer.finish()?;
    let title = document.title.trim();
    extracted.title = if title.is_empty() {
        markdown::title(&extracted.sections)
    } else {
        Some(title.to_owned())
    };
    Ok(extracted)
}

/// The destination of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Destination {
    #[default]
    Body,
    Note,
    Title,
    /// Fonts, pictures, running heads: the text is dropped.
    Nowhere,
}

/// The state that a group inherits and that is restored at its end.
#[derive(Debug, Clone, Copy)]
struct State {
    destination: Destination,
    hidden: bool,
    /// How many bytes repeat each Unicode character for readers without Unicode.
    substitutes: usize,
}

impl Default for State {
    fn default() -> Self {
        Self {
            destination: Destination::Body,
            hidden: false,
            substitutes: 1,
        }
    }
}

struct Document<'a> {
    writer: Writer<'a>,
    limits: &'a ExtractLimits,
    state: State,
    outer: Vec<State>,
    characters: Characters,
    /// The cells of the open row that have ended.
    row: Vec<String>,
    title: String,
    /// The outline level of the paragraph, if it is a heading.
    level: Option<u8>,
    in_table: bool,
    /// Whether rows were written that no paragraph follows yet.
    has_table: bool,
    /// What the definition of the row says of its cells.
    shapes: RowShape,
}

impl Document<'_> {
    fn read(&mut self, token: Token<'_>) -> Result<(), ExtractFailure> {
        match token {
            Token::Open => return self.open(),
            Token::Close => self.close(),
            Token::Byte(byte) if self.is_shown() => self.characters.byte(byte),
            Token::Byte(_) => self.characters.skip(),
            Token::Ignorable => self.state.destination = Destination::Nowhere,
            Token::Word(name, value) => return self.word(name, value),
        }
        Ok(())
    }

    fn is_shown(&self) -> bool {
        !self.state.hidden && self.state.destination != Destination::Nowhere
    }

    fn open(&mut self) -> Result<(), ExtractFailure> {
        if self.outer.len() >= self.limits.html_depth {
            return Err(ExtractFailure::too_deep(format!(
                "more than {} groups are nested in each other",
                self.limits.html_depth
            )));
        }
        self.characters.end_substitutes();
        self.outer.push(self.state);
        Ok(())
    }

    /// Ends a group; the text of a note or title ends with the group that began it.
    fn close(&mut self) {
        self.characters.end_substitutes();
        let before = self.outer.pop().unwrap_or_default();
        let ended = self.state.destination;
        if before.destination != ended {
            match ended {
                Destination::Note => {
                    let note = self.characters.take_aside();
                    if !note.trim().is_empty() {
                        self.writer.aside(format!("Note: {}", note.trim()));
                    }
                }
                Destination::Title => self.title = self.characters.take_aside(),
                Destination::Body | Destination::Nowhere => {}
            }
        }
        self.state = before;
    }

    fn word(&mut self, name: &[u8], value: Option<i64>) -> Result<(), ExtractFailure> {
        let on = value != Some(0);
        match name {
            b"u" if self.is_shown() => {
                let code = value.unwrap_or_default();
                self.characters.unicode(code, self.state.substitutes);
                return Ok(());
            }
            b"uc" => {
                self.state.substitutes = usize::try_from(value.unwrap_or(1)).unwrap_or(1).min(16);
            }
            b"ansicpg" => self.characters.code_page(value.unwrap_or(1252)),
            b"v" | b"deleted" => self.state.hidden = on,
            b"plain" => self.state.hidden = false,
            b"footnote" if self.state.destination == Destination::Body => {
                self.characters.begin_aside();
                self.state.destination = Destination::Note;
            }
            b"title" if self.state.destination == Destination::Nowhere => {
                self.characters.begin_aside();
                self.state.destination = Destination::Title;
            }
            b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"object"
            | b"header" | b"headerl" | b"headerr" | b"headerf" | b"footer" | b"footerl"
            | b"footerr" | b"footerf" | b"fldinst" | b"themedata" | b"listtable"
            | b"listoverridetable" | b"revtbl" | b"rsidtbl" | b"xmlnstbl" | b"datastore"
            | b"latentstyles" | b"nonshppict" | b"listtext" | b"pntext" | b"annotation"
            | b"atnid" | b"atnauthor" => {
                self.state.destination = Destination::Nowhere;
            }
            b"pard" => {
                self.level = None;
                self.in_table = false;
            }
            b"intbl" => self.in_table = true,
            b"trowd" => self.shapes = RowShape::default(),
            b"trhdr" => self.shapes.is_header = true,
            b"clvmrg" => self.shapes.next = Merge::Above,
            b"clmrg" => self.shapes.next = Merge::Left,
            b"cellx" => self.shapes.end_cell(),
            b"outlinelevel" => {
                let level = u8::try_from(value.unwrap_or(9)).unwrap_or(9);
                self.level = (level < 9).then_some(level + 1);
            }
            _ if self.is_shown() => return self.mark(name),
            _ => {}
        }
        Ok(())
    }

    /// Control words that are characters, or end a paragraph, cell or row.
    fn mark(&mut self, name: &[u8]) -> Result<(), ExtractFailure> {
        let sign = match name {
            b"par" | b"sect" | b"page" if self.state.destination == Destination::Body => {
                if !self.in_table {
                    return self.end_paragraph();
                }
                ' '
            }
            b"cell" | b"nestcell" if self.state.destination == Destination::Body => {
                self.row.push(self.characters.take());
                return Ok(());
            }
            b"row" | b"nestrow" => return self.end_row(),
            b"par" | b"sect" | b"page" | b"line" | b"tab" | b"emspace" | b"enspace" | b"~" => ' ',
            b"emdash" => '—',
            b"endash" => '–',
            b"bullet" => '•',
            b"lquote" => '‘',
            b"rquote" => '’',
            b"ldblquote" => '“',
            b"rdblquote" => '”',
            b"_" => '-',
            _ => return Ok(()),
        };
        self.characters.sign(sign);
        Ok(())
    }

    fn end_paragraph(&mut self) -> Result<(), ExtractFailure> {
        self.end_row()?;
        if std::mem::take(&mut self.has_table) {
            self.writer.end_table()?;
        }
        let text = self.characters.take();
        match self.level {
            Some(level) if !text.trim().is_empty() => self.writer.heading(level, &text)?,
            _ => self.writer.paragraph(&text)?,
        }
        self.writer.write_asides()
    }

    fn end_row(&mut self) -> Result<(), ExtractFailure> {
        if self.row.is_empty() {
            return Ok(());
        }
        if !std::mem::replace(&mut self.has_table, true) {
            self.writer.begin_table()?;
        }
        self.writer.begin_row()?;
        if self.shapes.is_header {
            self.writer.mark_header_row();
        }
        for (at, cell) in std::mem::take(&mut self.row).into_iter().enumerate() {
            let merge = self.shapes.of_cell(at);
            if merge == Merge::Left {
                continue;
            }
            self.writer.begin_cell();
            self.writer.span_cell(self.shapes.columns(at), 1);
            if merge == Merge::Above {
                self.writer.continue_cell_above();
            } else {
                self.writer.text(&cell)?;
            }
        }
        Ok(())
    }
}
