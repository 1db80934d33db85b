//! Word documents: paragraphs, headings by style or outline level, lists, tables, footnotes,
//! endnotes and comments. Hidden text, tracked deletions, running heads and the table of contents
//! are left out.

mod body;
mod notes;
mod styles;

use super::super::markdown;
use super::super::{ExtractFailure, ExtractLimits, Extracted};
use super::package::Package;
use body::Body;
use notes::Notes;
use styles::Styles;

/// Reads the text of a document.
///
/// # Errors
/// Those of the container and of its XML.
pub(in super::super) fn extract(
    bytes: &[u8],
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let mut package = Package::open(bytes, "wordprocessingml", limits)?;
    let main = package.main.clone();
    let styles = match package.related(&main, "styles")? {
        Some(part) => Styles::read(&part, limits)?,
        None => Styles::default(),
    };
    let mut notes = Notes::default();
    for (kind, label) in [
        ("footnotes", "footnote"),
        ("endnotes", "endnote"),
        ("comments", "comment"),
    ] {
        if let Some(part) = package.related(&main, kind)? {
            notes.read(&part, label, limits)?;
        }
    }
    let title = package.title()?;
    let document = super::super::xml::characters(package.archive.require(&main)?)?;
    let mut body = Body::new(&document, styles, notes, limits);
    body.read()?;
    let (mut extracted, styled_title) = body.finish()?;
    extracted.title = title
        .or(styled_title)
        .or_else(|| markdown::title(&extracted.sections));
    Ok(extracted)
}
