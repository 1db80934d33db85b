//! `audit.log`: one JSON object a line, for the greps of a runbook. The same records go to SQL.

use super::rotating::RotatingFile;
use crate::domain::AuditRecord;
use std::path::Path;

/// The open audit file; clones write to the same file.
#[derive(Debug, Clone)]
pub struct AuditFile(RotatingFile);

impl AuditFile {
    /// Opens `audit.log` in `folder`.
    ///
    /// # Errors
    /// When the folder or the file cannot be made.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        RotatingFile::open(folder, "audit.log").map(Self)
    }

    /// Appends one record.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn append(&self, record: &AuditRecord) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.0.write_line(&line)
    }
}
