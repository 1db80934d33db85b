//! A document as it is handed in: bytes with a name, and where they came from.

use ragd_core::domain::{Collection, Document, FileName, JobId, OwnerId};
use ragd_core::error::{Error, Result};
use std::path::Path;

/// A document as it is handed in.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// Who may change it.
    pub owner: OwnerId,
    /// The collection that decides who may read it.
    pub collection: Collection,
    /// The name that it came with; its extension says the format.
    pub filename: FileName,
    /// Where it came from; `None`: an upload of that name. Together with owner and collection it
    /// identifies the document, so that a second one is a new version.
    pub uri: Option<String>,
    /// The title; `None`: the one found in it, else the file name.
    pub title: Option<String>,
    /// What the caller stores with it: a JSON object.
    pub metadata: serde_json::Value,
    /// The document itself.
    pub bytes: Vec<u8>,
}

/// An accepted document.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// As it is stored now.
    pub document: Document,
    /// Its job; `None` when there is nothing to do.
    pub job: Option<JobId>,
    /// Whether the same bytes under the same settings were there already.
    pub unchanged: bool,
    /// Whether it was not there before.
    pub new: bool,
}

impl NewSource {
    /// Where the document came from; for an upload the address is derived from its name.
    pub fn address(&self) -> String {
        self.uri
            .clone()
            .unwrap_or_else(|| format!("upload:///{}", self.filename))
    }
}

/// Reads a file on this machine as a source of the system's.
///
/// # Errors
/// `Invalid` when the name or its extension is not allowed, or it is not a plain file; `TooLarge`
/// above the limit; `Internal` when it cannot be read.
pub fn source_of_file(
    path: &Path,
    collection: &Collection,
    settings: &crate::config::IngestConfig,
) -> Result<NewSource> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::invalid("file name: must be UTF-8").with_code("invalid_file_name"))?;
    let filename = FileName::parse(name)?;
    check_extension(&filename, settings)?;
    let cannot_read = |error| Error::internal("the file cannot be read").with_source(error);
    let metadata = std::fs::metadata(path).map_err(cannot_read)?;
    if !metadata.is_file() {
        return Err(Error::invalid("it is not a plain file"));
    }
    check_size(metadata.len(), settings)?;
    let bytes = std::fs::read(path).map_err(cannot_read)?;
    let absolute = std::path::absolute(path).map_err(cannot_read)?;
    Ok(NewSource {
        owner: OwnerId::system(),
        collection: collection.clone(),
        filename,
        uri: Some(format!("file://{}", absolute.display())),
        title: None,
        metadata: serde_json::Value::Object(serde_json::Map::new()),
        bytes,
    })
}

pub(super) fn check_extension(
    filename: &FileName,
    settings: &crate::config::IngestConfig,
) -> Result<()> {
    let allowed = &settings.allowed_extensions;
    let extension = filename.extension().unwrap_or_default();
    if allowed
        .iter()
        .any(|one| one.trim_start_matches('.').eq_ignore_ascii_case(&extension))
    {
        return Ok(());
    }
    let found = if extension.is_empty() {
        "none".to_owned()
    } else {
        format!("'{extension}'")
    };
    Err(Error::invalid(format!(
        "file: the extension must be one of {} (INGEST_ALLOWED_EXTENSIONS), not {found}",
        allowed.join(", ")
    ))
    .with_code("unsupported_type"))
}

pub(super) fn check_size(bytes: u64, settings: &crate::config::IngestConfig) -> Result<()> {
    if bytes > settings.max_upload_bytes() {
        return Err(Error::new(
            ragd_core::error::ErrorKind::TooLarge,
            format!(
                "file: must be at most {} MB (MAX_UPLOAD_MEGABYTES), it has {bytes} bytes",
                settings.max_upload_megabytes
            ),
        )
        .with_code("file_too_large"));
    }
    if bytes == 0 {
        return Err(Error::invalid("file: must not be empty").with_code("empty"));
    }
    Ok(())
}
