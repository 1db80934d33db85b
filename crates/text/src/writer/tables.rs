//! The writer's tables: rows of data through [`TableWriter`], tables that arrange text as text.

use super::breaks::Break;
use super::capture::{Capture, Step, Verdict};
use super::text::Writer;
use crate::ExtractFailure;
use crate::table::{TableWriter, Trust};

impl Writer<'_> {
    /// Whether a table that is read keeps this step.
    pub(super) fn is_kept(&mut self, step: impl FnOnce() -> Step) -> bool {
        match &mut self.tables.kept {
            Some(kept) => {
                kept.step(step());
                true
            }
            None => false,
        }
    }

    /// Whether a table that is read keeps this text.
    ///
    /// # Errors
    /// Those of writing, when the table is found to arrange text.
    pub(super) fn is_text_kept(&mut self, text: &str) -> Result<bool, ExtractFailure> {
        if let Some(kept) = &mut self.tables.kept {
            kept.text(text);
            if kept.verdict() == Verdict::Layout {
                self.write_as_text()?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Begins a table.
    ///
    /// # Errors
    /// Those of writing, when it shows that the table around it arranges text.
    pub(crate) fn begin_table(&mut self) -> Result<(), ExtractFailure> {
        if let Some(kept) = &mut self.tables.kept {
            if kept.verdict() == Verdict::Data {
                kept.nest();
                return Ok(());
            }
            self.write_as_text()?;
        }
        self.tables.kept = Some(Capture::new());
        Ok(())
    }

    /// Ends the innermost table.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn end_table(&mut self) -> Result<(), ExtractFailure> {
        if let Some(kept) = &mut self.tables.kept {
            if kept.unnest() {
                return Ok(());
            }
            kept.end();
            if kept.verdict() == Verdict::Data {
                self.write_rows()?;
                self.tables.kept = None;
                if let Some(rows) = self.tables.rows.take() {
                    rows.finish(&mut self.out)?;
                }
                self.end_lines();
                return Ok(());
            }
            self.write_as_text()?;
        }
        self.tables.around = self.tables.around.saturating_sub(1);
        self.break_before(Break::Paragraph);
        Ok(())
    }

    /// Says that the innermost table arranges text.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn table_is_layout(&mut self) -> Result<(), ExtractFailure> {
        match &self.tables.kept {
            Some(kept) if kept.verdict() != Verdict::Data => self.write_as_text(),
            _ => Ok(()),
        }
    }

    /// Begins a row, after ending the one before.
    ///
    /// # Errors
    /// Those of writing the row before.
    pub(crate) fn begin_row(&mut self) -> Result<(), ExtractFailure> {
        let Some(kept) = &mut self.tables.kept else {
            self.begin_text_row();
            return Ok(());
        };
        kept.begin_row();
        match kept.verdict() {
            Verdict::Data => self.write_rows(),
            Verdict::Layout => self.write_as_text(),
            Verdict::Open => Ok(()),
        }
    }

    /// Begins a cell of the open row.
    pub(crate) fn begin_cell(&mut self) {
        match &mut self.tables.kept {
            Some(kept) => kept.begin_cell(),
            None => self.begin_text_cell(),
        }
    }

    /// Says how many columns and rows the cell that was begun last spans.
    pub(crate) fn span_cell(&mut self, columns: usize, rows: usize) {
        if let Some(kept) = &mut self.tables.kept {
            kept.span(columns, rows);
        }
    }

    /// Says that the cell that was begun last continues the one above it.
    pub(crate) fn continue_cell_above(&mut self) {
        if let Some(kept) = &mut self.tables.kept {
            kept.continue_above();
        }
    }

    /// Says whether the cell that was begun last is a header.
    pub(crate) fn mark_header_cell(&mut self, is_header: bool) {
        if let Some(kept) = &mut self.tables.kept {
            kept.header_cell(is_header);
        }
    }

    /// Says that the open row holds headers.
    pub(crate) fn mark_header_row(&mut self) {
        if let Some(kept) = &mut self.tables.kept {
            kept.header_row();
        }
    }

    /// Leaves columns free before the first cell of the open row.
    pub(crate) fn skip_columns(&mut self, columns: usize) {
        if let Some(kept) = &mut self.tables.kept {
            kept.skip_columns(columns);
        }
    }

    /// Ends the tables that are still open.
    ///
    /// # Errors
    /// Those of writing.
    pub(super) fn end_tables(&mut self) -> Result<(), ExtractFailure> {
        while self.tables.kept.is_some() || self.tables.around > 0 {
            self.end_table()?;
        }
        Ok(())
    }

    /// Writes the complete rows of a table of data.
    fn write_rows(&mut self) -> Result<(), ExtractFailure> {
        let Some(mut kept) = self.tables.kept.take() else {
            return Ok(());
        };
        if self.tables.rows.is_none() {
            let caption = kept.take_caption();
            if !caption.trim().is_empty() {
                self.paragraph(&caption)?;
            }
            self.begin_lines()?;
            self.tables.rows = Some(TableWriter::new(Trust::Document, self.limits));
        }
        if let Some(rows) = &mut self.tables.rows {
            for row in kept.take_rows() {
                rows.row(row, &mut self.out)?;
            }
        }
        self.tables.kept = Some(kept);
        Ok(())
    }

    /// Writes what was kept of the innermost table as text, and goes on with text.
    fn write_as_text(&mut self) -> Result<(), ExtractFailure> {
        let Some(kept) = self.tables.kept.take() else {
            return Ok(());
        };
        self.tables.around += 1;
        self.begin_block();
        self.in_row = false;
        for step in kept.into_steps() {
            match step {
                Step::Text(text) => self.text(&text)?,
                Step::Break(by) => self.break_before(by),
                Step::Block => self.begin_block(),
                Step::Heading(level) => self.begin_heading(level),
                Step::EndHeading => self.end_heading(),
                Step::Item => self.begin_item(),
                Step::Verbatim => self.begin_verbatim(),
                Step::EndVerbatim => self.end_verbatim(),
                Step::Row => self.begin_text_row(),
                Step::Cell => self.begin_text_cell(),
            }
        }
        Ok(())
    }

    /// Begins a row on the next line, whatever blocks the row before ended with.
    fn begin_text_row(&mut self) {
        if std::mem::take(&mut self.in_row) {
            self.pending = Break::Line;
        }
        self.cell_is_empty = false;
        self.break_before(Break::Line);
    }

    fn begin_text_cell(&mut self) {
        if std::mem::replace(&mut self.in_row, true) {
            self.pending = Break::Cell;
        }
        self.cell_is_empty = true;
    }
}
