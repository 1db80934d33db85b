//! OpenDocument (OASIS, ODF 1.3): texts, presentations and spreadsheets. Headings, lists, tables,
//! notes and comments of a text; a page and a section for each slide and each sheet. Tracked
//! deletions, hidden sections and the table of contents are left out.

mod body;
mod sheets;

use super::archive::Archive;
use super::markdown;
use super::xml::{XmlReader, characters};
use super::{ExtractFailure, ExtractLimits, Extracted};

/// The kind of an OpenDocument file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// odt
    Text,
    /// odp
    Presentation,
    /// ods
    Spreadsheet,
}

impl Kind {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "application/vnd.oasis.opendocument.text",
            Self::Presentation => "application/vnd.oasis.opendocument.presentation",
            Self::Spreadsheet => "application/vnd.oasis.opendocument.spreadsheet",
        }
    }
}

/// Extracts the text of a document of this kind.
///
/// # Errors
/// Those of the container and of its XML, `content_mismatch` for another kind, `encrypted`.
pub(super) fn extract(
    bytes: &[u8],
    kind: Kind,
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let mut archive = Archive::open(bytes, limits)?;
    let found = archive.read("mimetype")?.unwrap_or_default();
    if found.trim_ascii() != kind.media_type().as_bytes() {
        let found: String = String::from_utf8_lossy(&found).chars().take(120).collect();
        return Err(ExtractFailure::content_mismatch(format!(
            "its name says {}, but its content says '{found}'",
            kind.media_type()
        )));
    }
    refuse_encrypted(&mut archive, limits)?;
    let title = title(&mut archive, limits)?;
    let content = characters(archive.require("content.xml")?)?;
    let mut extracted = match kind {
        Kind::Spreadsheet => sheets::read(&content, limits)?,
        Kind::Text | Kind::Presentation => body::read(&content, limits)?,
    };
    extracted.title = match (title, kind) {
        (Some(title), _) => Some(title),
        (None, Kind::Spreadsheet) => None,
        (None, Kind::Presentation) => extracted.first_heading(),
        (None, Kind::Text) => markdown::title(&extracted.sections),
    };
    Ok(extracted)
}

fn refuse_encrypted(
    archive: &mut Archive<'_>,
    limits: &ExtractLimits,
) -> Result<(), ExtractFailure> {
    let Some(manifest) = archive.read("META-INF/manifest.xml")? else {
        return Ok(());
    };
    let manifest = characters(manifest)?;
    let mut reader = XmlReader::new(&manifest, limits);
    while let Some(tag) = reader.next_start()? {
        if tag.name() == "encryption-data" {
            return Err(ExtractFailure::encrypted("it needs a password"));
        }
    }
    Ok(())
}

/// The title in the document's properties.
fn title(
    archive: &mut Archive<'_>,
    limits: &ExtractLimits,
) -> Result<Option<String>, ExtractFailure> {
    let Some(meta) = archive.read("meta.xml")? else {
        return Ok(None);
    };
    let meta = characters(meta)?;
    let mut reader = XmlReader::new(&meta, limits);
    while let Some(tag) = reader.next_start()? {
        if tag.name() == "title" {
            let title = reader.text_of(&[], &[])?;
            return Ok((!title.is_empty()).then_some(title));
        }
    }
    Ok(None)
}
