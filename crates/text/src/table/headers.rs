//! Which of a table's first rows are headers, and what each column is called. Formats that say so are
//! believed; otherwise the first rows are headers if they look like names, or like values of another
//! kind than those below them.

use super::grid::GridRow;
use super::kind::Kind;
use std::collections::HashSet;

/// A longer cell is not a header.
const LONGEST_HEADER_CHARS: usize = 100;
/// More rows of headers are taken for a table without values.
const MOST_HEADER_ROWS: usize = 3;

/// How readily a first row is taken for headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Rows of a spreadsheet or CSV file: a first row of different names is headers.
    Data,
    /// A table within a text, where two columns are often a name and a value.
    Document,
}

/// What the columns are called, by column, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Headers(Vec<(usize, String)>);

impl Headers {
    /// The name of a column, if it has one.
    pub(super) fn of(&self, column: usize) -> Option<&str> {
        let at = self.0.binary_search_by_key(&column, |(at, _)| *at).ok()?;
        self.0.get(at).map(|(_, name)| name.as_str())
    }

    /// The first column after the last one with a name.
    pub(super) fn width(&self) -> usize {
        self.0.last().map_or(0, |(column, _)| column + 1)
    }

    /// Whether most cells of a row are below a name.
    pub(super) fn cover(&self, row: &GridRow) -> bool {
        let named = row
            .cells
            .iter()
            .filter(|cell| self.of(cell.column).is_some());
        named.count() * 2 > row.cells.len()
    }

    /// Joins what the rows of headers say about each column, from the top, each text once:
    /// `2023 › Revenue`.
    pub(super) fn joined(rows: &[GridRow]) -> Self {
        let width = rows.iter().map(GridRow::width).max().unwrap_or(0);
        let named = (0..width).filter_map(|column| {
            let mut parts: Vec<&str> = Vec::new();
            for (depth, row) in rows.iter().enumerate() {
                let is_last = depth + 1 == rows.len();
                let text = match row.at(column) {
                    Some(cell) => cell.text.as_str(),
                    // Without spans, a name over several columns stands over the first of them.
                    None if !is_last => left_of(row, column).unwrap_or_default(),
                    None => "",
                };
                if !text.is_empty() && !parts.contains(&text) {
                    parts.push(text);
                }
            }
            (!parts.is_empty()).then(|| (column, parts.join(" › ")))
        });
        Self(named.collect())
    }
}

fn left_of(row: &GridRow, column: usize) -> Option<&str> {
    let cell = row.cells.iter().rev().find(|cell| cell.end() <= column)?;
    // The name of the rows says nothing about other columns.
    (cell.column > 0).then_some(cell.text.as_str())
}

/// What the first rows of a table are found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// How many of them are headers; at least one row follows.
    pub(super) rows: usize,
    /// Whether the format says so, or a column's values differ in kind from its name.
    pub(super) is_certain: bool,
}

impl Found {
    const NONE: Self = Self {
        rows: 0,
        is_certain: false,
    };
}

/// Finds the headers among the first rows of a table.
pub(super) fn find(rows: &[GridRow], trust: Trust) -> Found {
    let declared = rows.iter().take_while(|row| row.is_header).count();
    if declared > 0 {
        let is_all = declared == rows.len();
        return if is_all || declared > MOST_HEADER_ROWS {
            Found::NONE
        } else {
            Found {
                rows: declared,
                is_certain: true,
            }
        };
    }
    let depth = depth(rows);
    let (Some(names), Some(values)) = (rows.get(..depth), rows.get(depth..)) else {
        return Found::NONE;
    };
    if values.is_empty() {
        return Found::NONE;
    }
    match evidence(names, values, trust) {
        Some(evidence) => Found {
            rows: depth,
            is_certain: evidence > 0,
        },
        None => Found::NONE,
    }
}

/// How many rows the headers have, if the first row is one.
fn depth(rows: &[GridRow]) -> usize {
    let Some(first) = rows.first() else {
        return 1;
    };
    let mut depth = 1;
    while depth < MOST_HEADER_ROWS
        && let Some(next) = rows.get(depth)
        && next.cells.iter().any(|cell| cell.from_above)
        && first.cells.iter().any(|cell| cell.columns > 1)
    {
        depth += 1;
    }
    if depth > 1 {
        return depth;
    }
    let Some(second) = rows.get(1).filter(|second| are_names(second)) else {
        return 1;
    };
    let spans = first.cells.iter().any(|cell| cell.columns > 1);
    let fills_gaps = first
        .cells
        .iter()
        .all(|cell| second.at(cell.column).is_some() || cell.column == 0)
        && first.width() < second.width()
        && second.cells.len() > first.cells.len();
    if (spans || fills_gaps) && repeats(second) {
        2
    } else {
        1
    }
}

fn are_names(row: &GridRow) -> bool {
    row.cells
        .iter()
        .all(|cell| Kind::of(&cell.text) == Kind::Words)
}

/// Whether a name occurs twice in a row.
fn repeats(row: &GridRow) -> bool {
    let mut seen = HashSet::new();
    !row.cells
        .iter()
        .all(|cell| seen.insert(cell.text.to_lowercase()))
}

/// In how many columns the values differ in kind from their name; `None` if the rows cannot be headers.
fn evidence(names: &[GridRow], values: &[GridRow], trust: Trust) -> Option<usize> {
    let last = names.last()?;
    let is_short = |text: &str| text.chars().count() <= LONGEST_HEADER_CHARS;
    if !names
        .iter()
        .flat_map(|row| &row.cells)
        .all(|cell| is_short(&cell.text))
    {
        return None;
    }
    let (mut words, mut evidence) = (0, 0);
    let mut same_kind = Vec::new();
    for cell in &last.cells {
        let name = Kind::of(&cell.text);
        let value = values
            .iter()
            .find_map(|row| row.at(cell.column))
            .map(|cell| Kind::of(&cell.text));
        words += usize::from(name == Kind::Words);
        match value {
            Some(value) if value != name => evidence += 1,
            Some(_) if name != Kind::Words => same_kind.push(cell.column),
            _ => {}
        }
    }
    if !same_kind.is_empty() && !are_consecutive_years(last, values, &same_kind) {
        return None;
    }
    let has_corner = last.at(0).is_none() && values.iter().any(|row| row.at(0).is_some());
    let is_named = last.cells.len() >= 2 || (has_corner && !last.cells.is_empty() && evidence > 0);
    // A row of values alone is above others by chance, unless all of them differ from what is below.
    let is_told = words > 0 || has_corner || evidence >= 2;
    let is_ambiguous = names.len() == 1 && repeats(last) && evidence == 0;
    let is_pair = trust == Trust::Document && is_name_and_value(last, values);
    (is_named && is_told && !is_ambiguous && !is_pair).then_some(evidence)
}

/// Whether years follow each other in the header, and do not in the first row of values.
fn are_consecutive_years(names: &GridRow, values: &[GridRow], columns: &[usize]) -> bool {
    let years = |row: &GridRow| -> Option<Vec<i32>> {
        let texts = columns.iter().map(|column| row.at(*column));
        texts.map(|cell| cell?.text.parse().ok()).collect()
    };
    let follow = |years: Vec<i32>| {
        years.len() >= 2
            && years
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if (a - b).abs() == 1))
    };
    let are_years = columns.iter().all(|column| {
        names
            .at(*column)
            .is_some_and(|cell| Kind::of(&cell.text) == Kind::Year)
    });
    are_years
        && years(names).is_some_and(follow)
        && !values.first().and_then(years).is_some_and(follow)
}

/// Whether two columns may be a name and its value in each row, the first one included: they are
/// headers only if at least two values of one kind, and no words, stand below.
fn is_name_and_value(names: &GridRow, values: &[GridRow]) -> bool {
    if names
        .width()
        .max(values.iter().map(GridRow::width).max().unwrap_or(0))
        > 2
    {
        return false;
    }
    let kinds: Vec<Kind> = values
        .iter()
        .filter_map(|row| row.at(1))
        .map(|cell| Kind::of(&cell.text))
        .collect();
    let first = kinds.first().copied().unwrap_or(Kind::Words);
    kinds.len() < 2 || first == Kind::Words || kinds.iter().any(|kind| *kind != first)
}
