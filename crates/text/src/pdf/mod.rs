//! PDF to text, page by page. An external crate interprets the content streams and gives the
//! position of each character; this module makes lines, paragraphs and headings of them, and leaves
//! out what is printed on every page. A broken, locked or scanned file is refused with the reason.

mod compose;
mod file;
mod form;
mod glyphs;
mod headings;
mod layout;
mod lines;
mod outline;
mod raster;
mod rtl;
mod running;
mod wording;

pub(super) use raster::draw;

use super::builder::TextBuilder;
use super::{ExtractFailure, ExtractLimits, Extracted, FailureCode, Page};
use hayro_interpret::InterpreterCache;
use hayro_interpret::hayro_syntax::Pdf;
use layout::PageLayout;

/// Extracts the text, pages, title and sections of a PDF. With `leave_pictures` the pages that only
/// OCR can read are left empty and listed as unread, else a document of such pages is refused.
///
/// # Errors
/// `corrupt`, `encrypted`, `needs_ocr` and `too_large`, each with what was found.
pub(super) fn extract(
    bytes: Vec<u8>,
    limits: &ExtractLimits,
    leave_pictures: bool,
) -> Result<Extracted, ExtractFailure> {
    file::check_end(&bytes)?;
    let pdf = file::open(bytes)?;
    let mut layouts = read(&pdf, limits)?;
    let mut unread = Vec::new();
    if leave_pictures {
        unread = clear_pictures(&mut layouts);
    } else {
        refuse_pictures(&layouts)?;
    }
    let extracted = assemble(&pdf, layouts, limits)?;
    Ok(Extracted {
        unread,
        ..extracted
    })
}

/// Clears the pages that are pictures, or whose fonts do not identify most characters, and returns
/// their numbers.
fn clear_pictures(layouts: &mut [PageLayout]) -> Vec<u32> {
    let mut unread = Vec::new();
    for (number, layout) in (1..).zip(layouts) {
        let is_picture = layout.characters == 0 && layout.pictures > 0;
        if is_picture || layout.unknown > layout.characters {
            layout.lines.clear();
            unread.push(number);
        }
    }
    unread
}

fn read(pdf: &Pdf, limits: &ExtractLimits) -> Result<Vec<PageLayout>, ExtractFailure> {
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err(ExtractFailure::corrupt("it has no pages that can be read"));
    }
    if pages.len() > limits.pages {
        return Err(ExtractFailure::too_large(format!(
            "it has {} pages, more than {}",
            pages.len(),
            limits.pages
        )));
    }
    let cache = InterpreterCache::new();
    let mut budget = limits.text_chars;
    let mut layouts = Vec::with_capacity(pages.len());
    for page in pages.iter() {
        let mut layout = glyphs::read(page, &cache, budget);
        form::write_values(page, &mut layout);
        budget = budget
            .checked_sub(layout.characters)
            .ok_or_else(|| limits.text_too_long())?;
        layouts.push(layout);
    }
    Ok(layouts)
}

/// Refuses a scan, which has pictures and no characters, or only unknown characters.
fn refuse_pictures(layouts: &[PageLayout]) -> Result<(), ExtractFailure> {
    let known: usize = layouts.iter().map(|layout| layout.characters).sum();
    let unknown: usize = layouts.iter().map(|layout| layout.unknown).sum();
    let pictures: usize = layouts.iter().map(|layout| layout.pictures).sum();
    let reason = if known == 0 && pictures > 0 {
        format!("its {} pages are pictures without text", layouts.len())
    } else if unknown > known {
        format!("its fonts do not identify {unknown} of its characters")
    } else {
        return Ok(());
    };
    Err(ExtractFailure::new(FailureCode::NeedsOcr, reason))
}

fn assemble(
    pdf: &Pdf,
    mut layouts: Vec<PageLayout>,
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let left_out = running::remove(&mut layouts);
    let compounds = wording::compounds(&layouts);
    let mut out = TextBuilder::new(limits);
    let mut pages = Vec::with_capacity(layouts.len());
    let mut placed = Vec::new();
    for (number, layout) in (1..).zip(&layouts) {
        compose::separate_from_page_before(&mut out, layout)?;
        let char_start = out.chars();
        compose::write(layout, &compounds, &mut out, &mut placed)?;
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
        left_out,
        ..Extracted::default()
    })
}
