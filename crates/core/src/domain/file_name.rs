//! The name that a document came with. A name is data: it is shown and it decides the format, and
//! it is never used as a path, so names that look like one are refused when they come in.

use crate::error::{Error, Result};
use serde::Serialize;

/// A file's name without any folder: 1–255 bytes, no `/`, `\` or control character, not `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// The longest name, in bytes, as on common file systems.
    pub const MAX_BYTES: usize = 255;

    /// Reads a name.
    ///
    /// # Errors
    /// `Invalid` with the limit that the name breaks.
    pub fn parse(name: &str) -> Result<Self> {
        let fault = if name.trim().is_empty() {
            "must not be empty".to_owned()
        } else if name.len() > Self::MAX_BYTES {
            format!("must be at most {} bytes", Self::MAX_BYTES)
        } else if name.contains(['/', '\\']) || name == "." || name == ".." {
            "must be a bare name: no '/', no '\\', not '..'".to_owned()
        } else if name.chars().any(char::is_control) {
            "must not contain control characters such as newlines or NUL".to_owned()
        } else {
            return Ok(Self(name.to_owned()));
        };
        Err(Error::invalid(format!("file name: {fault}")))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot, in lower case; `None` without one.
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.0.rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

impl PartialEq<&str> for FileName {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
