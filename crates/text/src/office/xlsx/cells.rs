//! The text of a cell: numbers and dates as the sheet shows them.

use super::super::super::xml::XmlReader;
use super::super::super::{ExtractFailure, ExtractLimits};
use super::formats::Format;
use calamine::{DataRef, ExcelDateTime};

/// The text of a cell in its format; empty for one that shows nothing.
pub(super) fn text(value: &DataRef<'_>, format: Option<&Format>) -> String {
    match value {
        DataRef::Int(number) => match format {
            // Exact up to 2^53, as in the spreadsheet.
            #[expect(clippy::cast_precision_loss, reason = "the file holds a double")]
            Some(format) => format.number(*number as f64),
            None => number.to_string(),
        },
        DataRef::Float(number) => match format {
            Some(format) => format.number(*number),
            None => float(*number),
        },
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(true) => "true".to_owned(),
        DataRef::Bool(false) => "false".to_owned(),
        DataRef::DateTime(time) => match format {
            Some(format) => format.time(time, &date(time)),
            None => date(time),
        },
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

/// Fifteen digits, as spreadsheets show: 0.1 + 0.2 is 0.3 there.
fn float(number: f64) -> String {
    let rounded = format!("{number:.14e}").parse::<f64>().unwrap_or(number);
    format!("{rounded}")
}

fn date(time: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    if time.is_duration() || time.as_f64().abs() < 1.0 {
        let seconds = (time.as_f64() * 86_400.0).round();
        let (minutes, second) = ((seconds / 60.0).floor(), seconds % 60.0);
        let (hours, minute) = ((minutes / 60.0).floor(), minutes % 60.0);
        return format!("{hours:02}:{minute:02}:{second:02}");
    }
    if (hour, minute, second) == (0, 0, 0) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The comments of a sheet with their cells.
pub(super) fn comments(part: &str, limits: &ExtractLimits) -> Result<Vec<String>, ExtractFailure> {
    let mut comments = Vec::new();
    let mut reader = XmlReader::new(part, limits);
    while let Some(tag) = reader.next_start()? {
        if tag.name() == "comment" {
            let cell = tag.attr("ref").unwrap_or_default();
            let text = reader.text_of(&["br"], &["rPr", "rPh"])?;
            if !text.is_empty() {
                comments.push(format!("Comment on {cell}: {text}"));
            }
        }
    }
    Ok(comments)
}
