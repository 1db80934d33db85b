//! PDF to text, page by page. The outside crate interprets the content streams and tells which
//! character stands where; this room makes lines, paragraphs and headings of them, and leaves out
//! what is printed on every page. A broken, locked or scanned file is refused with its reason.

mod compose;
mod glyphs;
mod headings;
mod lines;
mod outline;
mod raster;
mod running;
mod wording;

pub(super) use raster::draw;

use super::builder::TextBuilder;
use super::{ExtractFailure, ExtractLimits, Extracted, FailureCode, Page};
use glyphs::Sheet;
use hayro_interpret::InterpreterCache;
use hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};

/// Reads the text, pages, title and sections of a PDF. With `leave_pictures` the pages that only OCR
/// can read are left empty and named, else a document of such pages is refused.
///
/// # Errors
/// `corrupt`, `encrypted`, `needs_ocr` and `too_large`, each with what was found.
pub(super) fn extract(
    bytes: Vec<u8>,
    limits: &ExtractLimits,
    leave_pictures: bool,
) -> Result<Extracted, ExtractFailure> {
    check_end(&bytes)?;
    let pdf = open(bytes)?;
    let mut sheets = read(&pdf, limits)?;
    let mut unread = Vec::new();
    if leave_pictures {
        unread = leave(&mut sheets);
    } else {
        refuse_pictures(&sheets)?;
    }
    let extracted = assemble(&pdf, sheets, limits)?;
    Ok(Extracted {
        unread,
        ..extracted
    })
}

/// Empties the pages that are pictures, or whose fonts do not say what most characters are, and
/// gives their numbers.
fn leave(sheets: &mut [Sheet]) -> Vec<u32> {
    let mut unread = Vec::new();
    for (number, sheet) in (1..).zip(sheets) {
        let is_picture = sheet.characters == 0 && sheet.pictures > 0;
        if is_picture || sheet.unknown > sheet.characters {
            sheet.lines.clear();
            unread.push(number);
        }
    }
    unread
}

/// How far before the end of the file its end marker may stand; writers append junk.
const END_WITHIN_BYTES: usize = 4096;

/// A reader that repairs what it can would take a half-uploaded file for a whole one.
fn check_end(bytes: &[u8]) -> Result<(), ExtractFailure> {
    let tail = bytes
        .get(bytes.len().saturating_sub(END_WITHIN_BYTES)..)
        .unwrap_or(bytes);
    let has = |marker: &[u8]| tail.windows(marker.len()).any(|window| window == marker);
    if has(b"%%EOF") && has(b"startxref") {
        return Ok(());
    }
    Err(corrupt("the file ends before its end marker"))
}

fn open(bytes: Vec<u8>) -> Result<Pdf, ExtractFailure> {
    Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => {
            ExtractFailure::new(FailureCode::Encrypted, "it needs a password to be opened")
        }
        LoadPdfError::Invalid => corrupt("its structure cannot be read"),
    })
}

fn read(pdf: &Pdf, limits: &ExtractLimits) -> Result<Vec<Sheet>, ExtractFailure> {
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err(corrupt("it has no pages that can be read"));
    }
    if pages.len() > limits.pages {
        return Err(ExtractFailure::new(
            FailureCode::TooLarge,
            format!("it has {} pages, more than {}", pages.len(), limits.pages),
        ));
    }
    let cache = InterpreterCache::new();
    let mut budget = limits.text_chars;
    let mut sheets = Vec::with_capacity(pages.len());
    for page in pages.iter() {
        let sheet = glyphs::read(page, &cache, budget);
        budget = budget
            .checked_sub(sheet.characters)
            .ok_or_else(|| limits.text_too_long())?;
        sheets.push(sheet);
    }
    Ok(sheets)
}

/// A scan has pictures and no characters, or characters that stand for nothing.
fn refuse_pictures(sheets: &[Sheet]) -> Result<(), ExtractFailure> {
    let known: usize = sheets.iter().map(|sheet| sheet.characters).sum();
    let unknown: usize = sheets.iter().map(|sheet| sheet.unknown).sum();
    let pictures: usize = sheets.iter().map(|sheet| sheet.pictures).sum();
    let reason = if known == 0 && pictures > 0 {
        format!("its {} pages are pictures without text", sheets.len())
    } else if unknown > known {
        format!("its fonts do not say what {unknown} of its characters are")
    } else {
        return Ok(());
    };
    Err(ExtractFailure::new(FailureCode::NeedsOcr, reason))
}

fn assemble(
    pdf: &Pdf,
    mut sheets: Vec<Sheet>,
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    running::remove(&mut sheets);
    let compounds = wording::compounds(&sheets);
    let mut out = TextBuilder::new(limits);
    let mut pages = Vec::with_capacity(sheets.len());
    let mut placed = Vec::new();
    for (number, sheet) in (1..).zip(&sheets) {
        compose::part_from_page_before(&mut out, sheet)?;
        let char_start = out.chars();
        compose::write(sheet, &compounds, &mut out, &mut placed)?;
        pages.push(Page {
            number,
            char_start,
            char_end: out.chars(),
        });
    }
    let text = out.finish();
    let sections = match outline::read(pdf) {
        entries if entries.is_empty() => headings::by_size(&placed, &text),
        entries => headings::by_outline(&entries, &pages, &text),
    };
    Ok(Extracted {
        title: outline::title(pdf).or_else(|| headings::title(&placed, &pages)),
        text,
        pages,
        sections,
        ..Extracted::default()
    })
}

fn corrupt(message: &str) -> ExtractFailure {
    ExtractFailure::new(FailureCode::Corrupt, message)
}
