//! A new file of JSON lines that only its user can read, for exports of private text.

use ragd_core::error::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file of mode 0600.
pub(super) struct PrivateFile {
    file: File,
    path: PathBuf,
}

impl PrivateFile {
    /// Makes the file; its folder is made where it is missing.
    ///
    /// # Errors
    /// `Invalid` when it cannot be made, or is there already: nothing is written over.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let make = || {
            if let Some(folder) = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
            {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(path)
        };
        let file = make().map_err(|error| {
            Error::invalid(format!("cannot make '{}'", path.display())).with_source(error)
        })?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// `Internal` when it cannot be written.
    pub(super) fn write_line(&mut self, value: &serde_json::Value) -> Result<()> {
        let line = format!("{value}\n");
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|error| self.fault(error))
    }

    /// Returns when what was written is on the disk.
    ///
    /// # Errors
    /// `Internal` when it cannot be written.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_all().map_err(|error| self.fault(error))
    }

    fn fault(&self, error: std::io::Error) -> Error {
        Error::internal(format!("cannot write '{}'", self.path.display())).with_source(error)
    }
}
