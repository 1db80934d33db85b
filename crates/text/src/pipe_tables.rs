//! Tables of Markdown (GitHub Flavored Markdown 4.10): their rows become lines with their headers, as in
//! every other format, so that each passage of a long table says what its values are. All other lines
//! stay as they are.

use super::builder::TextBuilder;
use super::fence::Fence;
use super::table::{Cell, Row, TableWriter, Trust};
use super::{ExtractFailure, ExtractLimits};

/// The text with its tables rewritten.
///
/// # Errors
/// `too_large` by the limits of tables.
pub(super) fn rewritten(text: &str, limits: &ExtractLimits) -> Result<String, ExtractFailure> {
    let mut out = TextBuilder::new(limits);
    let mut fence = Fence::default();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let columns = lines.peek().map_or(0, |next| columns_of_rule(next));
        let names = cells(line);
        if fence.covers(line.trim_end()) || columns == 0 || names.len() != columns {
            out.push(line)?;
            continue;
        }
        let mut table = TableWriter::new(Trust::Document, limits);
        let names = Row {
            is_header: true,
            ..row(names)
        };
        table.row(names, &mut out)?;
        lines.next();
        while let Some(line) = lines.next_if(|line| continues(line)) {
            table.row(row(cells(line)), &mut out)?;
        }
        table.finish(&mut out)?;
    }
    Ok(out.finish())
}

/// How many columns a row of dashes parts, `| --- | :-: |`; 0 for any other line.
fn columns_of_rule(line: &str) -> usize {
    let line = line.trim();
    if !line.contains('-') || !line.contains(['|', ':']) {
        return 0;
    }
    let cells = cells(line);
    let is_rule = cells.iter().all(|cell| {
        let dashes = cell.strip_prefix(':').unwrap_or(cell);
        let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
        !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
    });
    if is_rule { cells.len() } else { 0 }
}

/// The cells of a row, without the bars at its ends; `\|` is a bar within a cell.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        match (c, cells.last_mut()) {
            ('|', Some(cell)) if escaped => {
                cell.pop();
                cell.push('|');
            }
            ('|', _) => cells.push(String::new()),
            (c, Some(cell)) => cell.push(c),
            (_, None) => {}
        }
        escaped = c == '\\' && !escaped;
    }
    let ends_with_bar = cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty());
    if ends_with_bar {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Whether a line is a further row: a table ends with an empty line or the start of another block.
fn continues(line: &str) -> bool {
    let bare = line.trim();
    let is_block =
        bare.starts_with(['#', '>']) || bare.starts_with("```") || bare.starts_with("~~~");
    bare.contains('|') && !is_block
}

fn row(cells: Vec<String>) -> Row {
    let cells = cells.into_iter().enumerate();
    let cells: Vec<Cell> = cells.map(|(at, text)| Cell::at(at, text)).collect();
    Row::from(cells)
}
