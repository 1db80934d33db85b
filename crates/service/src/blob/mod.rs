//! The originals of documents, in a local folder, each named by the hash of its bytes: the name of
//! an uploaded file is never used as a path. Writing the same bytes twice keeps one copy.

use ragd_core::domain::Sha256;
use ragd_core::error::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder of originals; cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Opens the folder, and makes it when it is missing.
    ///
    /// # Errors
    /// `Internal` when it cannot be made.
    pub fn open(folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder).map_err(|error| fault("make", &folder, error))?;
        Ok(Self { folder })
    }

    /// Where the bytes of `hash` are, or would be.
    pub fn path(&self, hash: Sha256) -> PathBuf {
        let hex = hash.to_hex();
        let (shard, _) = hex.split_at(2);
        self.folder.join(shard).join(&hex)
    }

    /// Stores `bytes` durably: when this returns they survive a loss of power. `hash` must be
    /// their hash.
    ///
    /// # Errors
    /// `Internal` when they cannot be written.
    pub async fn put(&self, hash: Sha256, bytes: Vec<u8>) -> Result<()> {
        let path = self.path(hash);
        tokio::task::spawn_blocking(move || {
            write_durably(&path, &bytes).map_err(|error| fault("write", &path, error))
        })
        .await
        .map_err(|error| {
            Error::internal("writing an original was interrupted").with_source(error)
        })?
    }

    /// Whether the bytes of `hash` are stored.
    pub fn contains(&self, hash: Sha256) -> bool {
        self.path(hash).is_file()
    }

    /// Deletes the bytes of `hash`; missing ones are not an error.
    ///
    /// # Errors
    /// `Internal` when the file cannot be removed.
    pub fn remove(&self, hash: Sha256) -> Result<()> {
        let path = self.path(hash);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(fault("remove", &path, error))
            }
            _ => Ok(()),
        }
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|found| found.len() == bytes.len() as u64) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        std::fs::create_dir_all(folder)?;
        std::fs::File::open(folder.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is durable only when its folder is.
    std::fs::File::open(folder)?.sync_all()
}

fn fault(verb: &str, path: &Path, error: std::io::Error) -> Error {
    Error::internal(format!("cannot {verb} '{}'", path.display())).with_source(error)
}
