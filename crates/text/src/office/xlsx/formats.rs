//! The number formats of a workbook's styles (ECMA-376 part 1, 18.8.30), applied by `ssfmt`. Days are
//! also given as ISO 8601, because `3/5/24` does not say which part is the month.

use super::locales;
use calamine::{ExcelDateTime, Style};
use ssfmt::ast::FormatPart;
use ssfmt::{DateSystem, FormatOptions, NumberFormat};

/// Spreadsheets do not take longer ones.
const LONGEST_FORMAT_CHARS: usize = 255;

/// The formats by style.
pub(super) struct Formats(Vec<Option<Format>>);

/// The format of a style that is not `General`.
pub(super) struct Format {
    format: NumberFormat,
    options: FormatOptions,
    /// Whether names of months or days would be in another language than the sheet's.
    is_foreign: bool,
    has_elapsed: bool,
    /// Whether the sections are empty, which hides numbers.
    shows_nothing: bool,
    /// Whether it is a day in the order that the reader's system is set to, which is not known.
    is_of_system: bool,
}

/// Built-in formats of days that follow the reader's system.
const OF_SYSTEM: [u32; 2] = [14, 22];

impl Formats {
    pub(super) fn of(styles: &[Style], has_1904_epoch: bool) -> Self {
        let date_system = if has_1904_epoch {
            DateSystem::Date1904
        } else {
            DateSystem::Date1900
        };
        let formats = styles.iter().map(|style| {
            let number_format = style.number_format.as_ref()?;
            let code = number_format.format_code.as_str();
            let is_general = code.eq_ignore_ascii_case("general") || code == "@";
            if is_general || code.chars().count() > LONGEST_FORMAT_CHARS {
                return None;
            }
            let id = number_format.format_id.unwrap_or_default();
            Some(Format {
                shows_nothing: code.chars().all(|c| c == ';'),
                is_of_system: OF_SYSTEM.contains(&id),
                ..Format::new(NumberFormat::parse(code).ok()?, date_system)
            })
        });
        Self(formats.collect())
    }

    /// The format of a style; `None`: as the number is.
    pub(super) fn of_style(&self, style: usize) -> Option<&Format> {
        self.0.get(style)?.as_ref()
    }
}

impl Format {
    fn new(format: NumberFormat, date_system: DateSystem) -> Self {
        let parts = || format.sections().iter().flat_map(|section| &section.parts);
        let language = parts().find_map(|part| match part {
            FormatPart::Locale(code) => code.lcid,
            _ => None,
        });
        let locale = language.map_or_else(|| Some(ssfmt::Locale::default()), locales::of);
        let has_elapsed = parts().any(|part| matches!(part, FormatPart::Elapsed(_)));
        Self {
            is_foreign: locale.is_none(),
            options: FormatOptions {
                date_system,
                locale: locale.unwrap_or_default(),
            },
            has_elapsed,
            shows_nothing: false,
            is_of_system: false,
            format,
        }
    }

    /// A number as the sheet shows it; empty if it shows nothing.
    pub(super) fn number(&self, number: f64) -> String {
        if self.shows_nothing {
            return String::new();
        }
        self.format.format(number, &self.options).trim().to_owned()
    }

    /// A day or time as the sheet shows it, a day with `iso` behind it unless that is what it shows.
    pub(super) fn time(&self, time: &ExcelDateTime, iso: &str) -> String {
        let serial = time.as_f64();
        let shown = self.number(serial);
        let is_day = !self.has_elapsed && serial.abs() >= 1.0;
        if (self.is_foreign || self.is_of_system) && is_day {
            iso.to_owned()
        } else if !is_day || shown == iso || shown.is_empty() {
            shown
        } else if let Some(rest) = iso
            .strip_prefix(&shown)
            .filter(|rest| rest.starts_with(':'))
        {
            // The seconds are zeros, or not shown.
            iso.strip_suffix(rest).unwrap_or(iso).to_owned()
        } else {
            format!("{shown} ({iso})")
        }
    }
}
