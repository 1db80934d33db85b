//! The vector index: the embedded engine in a folder.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Section `index`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IndexConfig {
    /// The embedded engine's folder; absent: `vectors` in the data folder.
    #[serde(default)]
    pub path: Option<PathBuf>,
}
