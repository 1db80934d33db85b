//! CSV and TSV (RFC 4180 and common deviations): each record becomes one line with its headers. The
//! delimiter of a CSV file is the one of `,`, `;`, tab and `|` that its first lines have in common.

use super::builder::TextBuilder;
use super::table::TableWriter;
use super::{ExtractFailure, ExtractLimits, Extracted};

/// How many lines are sampled to detect the delimiter.
const SAMPLED_LINES: usize = 10;

/// Extracts a file with this delimiter; `None` detects it.
///
/// # Errors
/// `too_large` by the limits of tables.
pub(super) fn extract(
    text: &str,
    delimiter: Option<u8>,
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter.unwrap_or_else(|| detected_delimiter(text)))
        .from_reader(text.as_bytes());
    let mut out = TextBuilder::new(limits);
    let mut table = TableWriter::new(limits);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {
                let row = record.iter().map(str::to_owned).enumerate().collect();
                table.row(row, &mut out)?;
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

/// The delimiter with the same count in most of the first lines, the highest count among equals; a
/// comma if there is none.
fn detected_delimiter(text: &str) -> u8 {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(SAMPLED_LINES)
        .collect();
    b",;\t|"
        .iter()
        .map(|delimiter| {
            let counts: Vec<usize> = lines
                .iter()
                .map(|line| count_unquoted(line, *delimiter))
                .collect();
            let first = counts.first().copied().unwrap_or(0);
            let agreeing = counts.iter().filter(|count| **count == first).count();
            (if first == 0 { 0 } else { agreeing }, first, *delimiter)
        })
        // Reversed, so that of equals the first one wins.
        .rev()
        .max_by_key(|(agreeing, first, _)| (*agreeing, *first))
        .filter(|(agreeing, _, _)| *agreeing > 0)
        .map_or(b',', |(_, _, delimiter)| delimiter)
}

/// How often the delimiter occurs outside of quotes.
fn count_unquoted(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    line.bytes()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == delimiter
        })
        .count()
}
