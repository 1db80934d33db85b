//! CSV and TSV (RFC 4180, and what programs make of it): each record becomes one line with its
//! headers. The delimiter of a CSV file is the one of `,`, `;`, tab and `|` that its first lines
//! agree on.

use super::builder::TextBuilder;
use super::table::TableWriter;
use super::{ExtractFailure, ExtractLimits, Extracted, FailureCode};

/// How many lines are looked at for the delimiter.
const SAMPLED_LINES: usize = 10;

/// Reads a file whose delimiter is `delimiter`, or is to be found.
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
        .delimiter(delimiter.unwrap_or_else(|| sniffed(text)))
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
                return Err(ExtractFailure::new(FailureCode::Corrupt, error.to_string()));
            }
        }
    }
    table.finish(&mut out)?;
    Ok(Extracted {
        text: out.finish(),
        ..Extracted::default()
    })
}

/// The delimiter that stands equally often, and most often, in each of the first lines; a comma
/// where none does.
fn sniffed(text: &str) -> u8 {
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
                .map(|line| unquoted(line, *delimiter))
                .collect();
            let first = counts.first().copied().unwrap_or(0);
            let agreeing = counts.iter().filter(|count| **count == first).count();
            (if first == 0 { 0 } else { agreeing }, first, *delimiter)
        })
        // Of equals the one that is named first.
        .rev()
        .max_by_key(|(agreeing, first, _)| (*agreeing, *first))
        .filter(|(agreeing, _, _)| *agreeing > 0)
        .map_or(b',', |(_, _, delimiter)| delimiter)
}

fn unquoted(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    line.bytes()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == delimiter
        })
        .count()
}
