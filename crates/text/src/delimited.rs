//! CSV and TSV (RFC 4180 and common deviations): each record becomes one line with its headers. The
//! delimiter of a CSV file is the one of `,`, `;`, tab and `|` that gives the most even records, or the
//! one that its first line names (`sep=;`, as spreadsheets write it).

use super::builder::TextBuilder;
use super::table::{Cell, Row, TableWriter, Trust};
use super::{ExtractFailure, ExtractLimits, Extracted};

/// How many records are sampled to detect the delimiter, from how many bytes.
const SAMPLED_RECORDS: usize = 100;
const SAMPLED_BYTES: usize = 100_000;

/// Extracts a file with this delimiter; `None` detects it.
///
/// # Errors
/// `too_large` by the limits of tables.
pub(super) fn extract(
    text: &str,
    delimiter: Option<u8>,
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let (named, text) = named_delimiter(text);
    let delimiter = named
        .or(delimiter)
        .unwrap_or_else(|| detected_delimiter(text));
    let mut reader = reader(text, delimiter);
    let mut out = TextBuilder::new(limits);
    let mut table = TableWriter::new(Trust::Data, limits);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {
                let cells = record.iter().map(str::to_owned).enumerate();
                let cells: Vec<Cell> = cells.map(|(at, text)| Cell::at(at, text)).collect();
                let is_empty = cells.iter().all(|cell| cell.text.trim().is_empty());
                if is_empty || follows_empty_line(text, &record) {
                    table.gap(&mut out)?;
                }
                if !is_empty {
                    table.row(Row::from(cells), &mut out)?;
                }
            }
            Ok(false) => break,
            Err(error) => {
                return Err(ExtractFailure::corrupt(error.to_string()));
            }
        }
    }
    table.finish(&mut out)?;
    Ok(Extracted {
        text: out.finish(),
        ..Extracted::default()
    })
}

/// Whether empty lines stand before a record. The reader passes over them, but counts them to the record.
fn follows_empty_line(text: &str, record: &csv::StringRecord) -> bool {
    let start = record
        .position()
        .and_then(|position| usize::try_from(position.byte()).ok())
        .filter(|start| *start > 0);
    let Some((before, rest)) = start.and_then(|start| text.split_at_checked(start)) else {
        return false;
    };
    let rest = if before.ends_with('\r') {
        rest.strip_prefix('\n').unwrap_or(rest)
    } else {
        rest
    };
    rest.starts_with(['\n', '\r'])
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
}

/// The delimiter of a first line `sep=;`, and the text after that line.
fn named_delimiter(text: &str) -> (Option<u8>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first
        .trim_end_matches('\r')
        .strip_prefix("sep=")
        .map(str::as_bytes)
    {
        Some([delimiter]) if delimiter.is_ascii_punctuation() || *delimiter == b'\t' => {
            (Some(*delimiter), rest)
        }
        _ => (None, text),
    }
}

/// The delimiter with which most of the first records have the same number of fields, of equals the one
/// with more fields; a comma if there is none.
fn detected_delimiter(text: &str) -> u8 {
    let mut end = text.len().min(SAMPLED_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let sample = text.get(..end).unwrap_or_default();
    let evenness = |delimiter: u8| {
        let mut lengths: Vec<usize> = reader(sample, delimiter)
            .records()
            .take(SAMPLED_RECORDS)
            .map_while(Result::ok)
            .map(|record| record.len())
            .collect();
        // The last record of a sample may be cut.
        if end < text.len() && lengths.len() < SAMPLED_RECORDS {
            lengths.pop();
        }
        let of_length = |length: usize| lengths.iter().filter(|other| **other == length).count();
        let most = lengths
            .iter()
            .map(|length| (of_length(*length), *length))
            .max();
        most.filter(|(_, length)| *length > 1).unwrap_or((0, 0))
    };
    b",;\t|"
        .iter()
        // Reversed, so that of equals the first one wins.
        .rev()
        .max_by_key(|delimiter| evenness(**delimiter))
        .copied()
        .filter(|delimiter| evenness(*delimiter).0 > 0)
        .unwrap_or(b',')
}
