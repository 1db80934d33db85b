//! The limits of what a caller stores with a document, whichever route sends it.

use ragd_core::error::{Error, Result};
use serde_json::Value;

/// The longest title, in characters.
const MAX_TITLE_CHARS: usize = 500;
/// The largest metadata of a document, in bytes of JSON.
const MAX_METADATA_BYTES: usize = 16 * 1_024;

/// Checks a title; an empty one counts as absent.
///
/// # Errors
/// `Invalid` for one that is too long or has control characters.
pub(crate) fn check_title(title: Option<String>) -> Result<Option<String>> {
    let Some(title) = title else { return Ok(None) };
    let title = title.trim();
    if title.chars().count() > MAX_TITLE_CHARS || title.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "title: must be at most {MAX_TITLE_CHARS} characters, none of them control characters"
        )));
    }
    Ok((!title.is_empty()).then(|| title.to_owned()))
}

/// Checks metadata; absent metadata is an empty object.
///
/// # Errors
/// `Invalid` for anything but an object, and for one that is too large.
pub(crate) fn check_metadata(metadata: Value) -> Result<Value> {
    match metadata {
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        metadata if !metadata.is_object() => Err(Error::invalid("metadata: must be a JSON object")),
        metadata if metadata.to_string().len() > MAX_METADATA_BYTES => Err(Error::invalid(
            format!("metadata: must be at most {MAX_METADATA_BYTES} bytes of JSON"),
        )),
        metadata => Ok(metadata),
    }
}
