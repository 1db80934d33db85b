//! Writes rows of a spreadsheet or CSV file as lines that can be understood separately: below a row
//! of headers each row is an item with its headers, `- Name: Ann | Age: 30`; without headers it has
//! the values only. The numbers of rows and columns and the length of cells are limited.

use super::builder::TextBuilder;
use super::{ExtractFailure, ExtractLimits};
use std::collections::HashSet;

/// A row: its cells that are not empty, by their columns from 0, in order.
pub(super) type Row = Vec<(usize, String)>;

/// A longer cell is not a header.
const LONGEST_HEADER_CHARS: usize = 100;

/// Writes the rows of one table.
pub(super) struct TableWriter<'a> {
    limits: &'a ExtractLimits,
    rows: usize,
    /// The first row, which is the headers if another row follows.
    candidate: Option<Row>,
    headers: Option<Row>,
}

impl<'a> TableWriter<'a> {
    pub(super) fn new(limits: &'a ExtractLimits) -> Self {
        Self {
            limits,
            rows: 0,
            candidate: None,
            headers: None,
        }
    }

    /// Writes a row; one without cells is ignored.
    ///
    /// # Errors
    /// `too_large` by the limits.
    pub(super) fn row(
        &mut self,
        row: Row,
        out: &mut TextBuilder<'_>,
    ) -> Result<(), ExtractFailure> {
        self.rows += 1;
        if self.rows > self.limits.table_rows {
            return Err(ExtractFailure::too_large(format!(
                "a table has more than {} rows",
                self.limits.table_rows
            )));
        }
        let mut row: Row = row
            .into_iter()
            .map(|(column, text)| (column, one_line(&text)))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        row.sort_by_key(|(column, _)| *column);
        self.check(&row)?;
        if row.is_empty() {
            return Ok(());
        }
        if let Some(candidate) = self.candidate.take() {
            write_plain(&candidate, out)?;
            self.headers = Some(candidate);
        }
        match &self.headers {
            Some(headers) => write_named(headers, &row, out),
            None if can_be_headers(&row) => {
                self.candidate = Some(row);
                Ok(())
            }
            None => write_plain(&row, out),
        }
    }

    /// Writes the first row if no other has followed.
    ///
    /// # Errors
    /// `too_large` by the limits.
    pub(super) fn finish(self, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
        match self.candidate {
            Some(row) => write_plain(&row, out),
            None => Ok(()),
        }
    }

    fn check(&self, row: &Row) -> Result<(), ExtractFailure> {
        if let Some((column, _)) = row.last()
            && (*column).max(row.len() - 1) >= self.limits.table_columns
        {
            return Err(ExtractFailure::too_large(format!(
                "row {} of a table has more than {} columns",
                self.rows, self.limits.table_columns
            )));
        }
        let most = self.limits.cell_chars;
        let long = |text: &str| text.len() > most && text.chars().count() > most;
        if row.iter().any(|(_, text)| long(text)) {
            return Err(ExtractFailure::too_large(format!(
                "a cell in row {} of a table has more than {most} characters",
                self.rows
            )));
        }
        Ok(())
    }
}

/// The text with all white space, including line breaks, reduced to single spaces.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a row can be headers: at least two different names, none of them a number.
fn can_be_headers(row: &Row) -> bool {
    let mut seen = HashSet::new();
    row.len() >= 2
        && row.iter().all(|(_, text)| {
            text.chars().any(char::is_alphabetic)
                && text.chars().count() <= LONGEST_HEADER_CHARS
                && seen.insert(text.to_lowercase())
        })
}

fn write_plain(row: &Row, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
    for (at, (_, text)) in row.iter().enumerate() {
        out.push(if at == 0 { "" } else { " | " })?;
        out.push(text)?;
    }
    out.push("\n")
}

fn write_named(headers: &Row, row: &Row, out: &mut TextBuilder<'_>) -> Result<(), ExtractFailure> {
    for (at, (column, text)) in row.iter().enumerate() {
        out.push(if at == 0 { "- " } else { " | " })?;
        if let Ok(found) = headers.binary_search_by_key(column, |(column, _)| *column)
            && let Some((_, header)) = headers.get(found)
        {
            out.push(header)?;
            out.push(": ")?;
        }
        out.push(text)?;
    }
    out.push("\n")
}
