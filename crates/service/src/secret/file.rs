//! Secrets that ragd generates once in development and keeps in its data folder, readable by its user
//! alone.

use ragd_core::error::{Error, Result};
use secrecy::SecretString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A secret in a file of mode 0600.
#[derive(Debug, Clone)]
pub struct SecretFile {
    path: PathBuf,
}

/// What [`SecretFile::load_or_create`] found.
#[derive(Debug)]
pub struct Found {
    /// The secret.
    pub secret: SecretString,
    /// Whether it was made just now.
    pub created: bool,
}

impl SecretFile {
    /// The secret `name` in `folder`.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self {
            path: folder.join(name),
        }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the secret; `None` when the file does not exist.
    ///
    /// # Errors
    /// `Internal` when the file cannot be read or is empty.
    pub fn load(&self) -> Result<Option<SecretString>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) if text.trim().is_empty() => Err(Error::internal(format!(
                "'{}' is empty",
                self.path.display()
            ))),
            Ok(text) => Ok(Some(text.trim().to_owned().into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.fault("read", error)),
        }
    }

    /// Reads the secret, or makes one of 256 random bits, as hexadecimal after `prefix`.
    ///
    /// # Errors
    /// `Internal` when the file can be neither read nor made.
    pub fn load_or_create(&self, prefix: &str) -> Result<Found> {
        if let Some(secret) = self.load()? {
            return Ok(Found {
                secret,
                created: false,
            });
        }
        let secret = format!("{prefix}{}", random_hex()?);
        match self.write_new(&secret) {
            Ok(()) => Ok(Found {
                secret: secret.into(),
                created: true,
            }),
            // Another process was first: its secret is the one.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => self
                .load()?
                .map(|secret| Found {
                    secret,
                    created: false,
                })
                .ok_or_else(|| self.fault("read", error)),
            Err(error) => Err(self.fault("write", error)),
        }
    }

    /// Writes `secret` over whatever is there, as the token of a running server needs.
    ///
    /// # Errors
    /// `Internal` when the file cannot be written.
    pub fn replace(&self, secret: &str) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(self.fault("replace", error));
            }
            _ => {}
        }
        self.write_new(secret)
            .map_err(|error| self.fault("write", error))
    }

    /// The file's permission bits; `None` when it is missing.
    pub fn mode(&self) -> Option<u32> {
        std::fs::metadata(&self.path)
            .ok()
            .map(|meta| meta.permissions().mode() & 0o777)
    }

    fn write_new(&self, secret: &str) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)?;
        file.write_all(secret.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    fn fault(&self, verb: &str, error: std::io::Error) -> Error {
        Error::internal(format!("cannot {verb} '{}'", self.path.display())).with_source(error)
    }
}

/// 256 random bits as 64 hexadecimal characters.
///
/// # Errors
/// `Internal` when the system gives no random bytes.
pub fn random_hex() -> Result<String> {
    random_bytes::<32>().map(hex::encode)
}

pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::internal(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}
