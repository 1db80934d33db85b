//! The data folder: its paths, the lock that one process holds, and how the command line finds a server
//! that runs on it.

use crate::config::Config;
use ragd_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Paths in the data folder.
#[derive(Debug, Clone)]
pub struct DataFolder {
    root: PathBuf,
    vectors: PathBuf,
    documents: PathBuf,
    logs: PathBuf,
    models: PathBuf,
    blobs: PathBuf,
}

/// What a running server writes into its lock file, so that commands find it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunningServer {
    /// Its process.
    pub pid: u32,
    /// Where it listens: `http://127.0.0.1:8000`; `None` while it starts, and for other commands.
    pub address: Option<String>,
}

/// The lock on a data folder, held until it is dropped.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl DataFolder {
    /// The folder of a configuration; creates nothing yet.
    pub fn of(config: &Config) -> Self {
        let root = config.server.data_dir.clone();
        Self {
            vectors: config
                .index
                .path
                .clone()
                .unwrap_or_else(|| root.join("vectors")),
            documents: config
                .ingest
                .documents_path
                .clone()
                .unwrap_or_else(|| root.join("documents")),
            logs: config.log.dir.clone().unwrap_or_else(|| root.join("logs")),
            models: models_path(config),
            blobs: config
                .server
                .blob_url
                .as_deref()
                .and_then(|url| url.strip_prefix("file://"))
                .map_or_else(|| root.join("blobs"), PathBuf::from),
            root,
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The embedded database.
    pub fn database(&self) -> PathBuf {
        self.root.join("ragd.db")
    }

    /// The originals of documents.
    pub fn blobs(&self) -> &Path {
        &self.blobs
    }

    /// The embedded index.
    pub fn vectors(&self) -> &Path {
        &self.vectors
    }

    /// What `POST /ingest` reads.
    pub fn documents(&self) -> &Path {
        &self.documents
    }

    /// Logs.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// Embedding models.
    pub fn models(&self) -> &Path {
        &self.models
    }

    /// Creates the folder, readable only by its user when it is new.
    ///
    /// # Errors
    /// `Internal` when it cannot be made.
    pub fn create(&self) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for folder in [&self.root, &self.documents] {
            builder.create(folder).map_err(|error| {
                Error::internal(format!("cannot make '{}' (DATA_DIR)", folder.display()))
                    .with_source(error)
            })?;
        }
        Ok(())
    }

    /// Locks the folder for this process.
    ///
    /// # Errors
    /// `Conflict` when another process has it; the message names it.
    pub fn lock(&self) -> Result<FolderLock> {
        let path = self.root.join("lock");
        let cannot =
            |error| Error::internal(format!("cannot open '{}'", path.display())).with_source(error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = FolderLock { file };
                lock.announce(None)?;
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let holder = self.running().map_or_else(
                    || "another ragd".to_owned(),
                    |server| format!("ragd with process id {}", server.pid),
                );
                Err(Error::new(
                    ErrorKind::Conflict,
                    format!(
                        "{holder} is using '{}' (DATA_DIR) already",
                        self.root.display()
                    ),
                )
                .with_code("data_folder_in_use"))
            }
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }

    /// The id of this installation, generated at its first start; leases on jobs are held by it. The
    /// lock of the folder ensures that no two running processes share it.
    ///
    /// # Errors
    /// `Internal` when it can be neither read nor written.
    pub fn installation(&self) -> Result<uuid::Uuid> {
        let path = self.root.join("installation");
        if let Some(id) = std::fs::read_to_string(&path)
            .ok()
            .and_then(|text| uuid::Uuid::try_parse(text.trim()).ok())
        {
            return Ok(id);
        }
        let id = uuid::Uuid::new_v4();
        std::fs::write(&path, format!("{id}\n")).map_err(|error| {
            Error::internal(format!("cannot write '{}'", path.display())).with_source(error)
        })?;
        Ok(id)
    }

    /// The server that runs on this folder, if any.
    pub fn running(&self) -> Option<RunningServer> {
        let path = self.root.join("lock");
        let mut file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {}
            // No process holds the lock: the text is of an earlier one. Dropping the file unlocks it.
            _ => return None,
        }
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }
}

impl FolderLock {
    /// Writes the address of this process into the lock file.
    ///
    /// # Errors
    /// `Internal` when it cannot be written.
    pub fn announce(&mut self, address: Option<String>) -> Result<()> {
        use std::io::Seek;
        let text = serde_json::to_vec(&RunningServer {
            pid: std::process::id(),
            address,
        })
        .map_err(|error| Error::internal("the lock cannot be written").with_source(error))?;
        let written = self
            .file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| self.file.write_all(&text));
        written.map_err(|error| Error::internal("the lock cannot be written").with_source(error))
    }
}

fn models_path(config: &Config) -> PathBuf {
    config.embedding.models_path.clone().unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
        cache
            .unwrap_or_else(|| config.server.data_dir.clone())
            .join("ragd")
            .join("models")
    })
}
