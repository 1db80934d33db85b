//! The folder of an embedded index on disk: its lock, its builds, and the pointer to the one that
//! serves. It owns the small files, each replaced atomically; the engine owns the rest of a build.
//!
//! ```text
//! lock                 held while the index is open
//! current              the number of the build that serves
//! build-7/meta.json    what the build is for; written last, so a build without it is incomplete
//! build-7/progress.json  the follower's position, and the totals of what was added
//! build-7/shard/       the engine's files
//! ```

use super::super::error::{CODE_CORRUPT, CODE_MISMATCH};
use super::super::ledger::Added;
use super::super::space::VectorSpace;
use super::super::terms::TERMS_VERSION;
use ragd_core::error::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The version of the files; raised when older builds can no longer be read.
const FORMAT: u32 = 1;
const POINTER: &str = "current";
const META: &str = "meta.json";
const PROGRESS: &str = "progress.json";
const BUILD_PREFIX: &str = "build-";

/// What a build is for; never changed after the build was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Meta {
    format: u32,
    terms: String,
    /// The space of the dense vectors.
    pub space: Option<VectorSpace>,
    /// The average number of terms of a passage that the BM25 weights are computed with.
    pub average_terms: f32,
}

impl Meta {
    /// The description of a new build.
    pub fn new(space: Option<VectorSpace>, average_terms: f32) -> Self {
        Self {
            format: FORMAT,
            terms: TERMS_VERSION.to_owned(),
            space,
            average_terms,
        }
    }
}

/// A build's position in the change log, and the totals of what was ever added to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The sequence number up to which the build is durably complete.
    pub sequence: i64,
    /// The number of passages added; a replacement counts again.
    pub passages: u64,
    /// The number of terms of these passages.
    pub terms: u64,
}

impl Progress {
    /// The totals of what was added.
    pub fn added(self) -> Added {
        Added {
            passages: self.passages,
            terms: self.terms,
        }
    }

    /// The same position with other totals.
    pub fn with_added(self, added: Added) -> Self {
        Self {
            passages: added.passages,
            terms: added.terms,
            ..self
        }
    }
}

/// The folder of an index, locked until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Creates the folder if it does not exist, and locks it.
    ///
    /// # Errors
    /// `Conflict` when it is locked already, by this process or another.
    pub fn lock(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(|error| storage(path, error))?;
        let file = path.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file)
            .map_err(|error| storage(&file, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "the index in {} is already open: only one ragd process at a time may use it",
                    path.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(storage(&file, error)),
        }
    }

    /// The number of the build that serves; `None` in a new folder.
    ///
    /// # Errors
    /// `Internal`, code [`CODE_CORRUPT`], when the pointer is not a number.
    pub fn serving(&self) -> Result<Option<u64>> {
        let file = self.path.join(POINTER);
        match fs::read_to_string(&file) {
            Ok(text) => match text.trim().parse() {
                Ok(number) => Ok(Some(number)),
                Err(error) => Err(corrupt(&file, error)),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(storage(&file, error)),
        }
    }

    /// Makes `number` the build that serves, atomically and durably.
    pub fn serve(&self, number: u64) -> Result<()> {
        replace(&self.path.join(POINTER), number.to_string().as_bytes())
    }

    /// A number that no build has had.
    pub fn next_build(&self) -> Result<u64> {
        let builds = self.builds()?.into_iter().map(|(number, _)| number);
        // A pointer that cannot be read must not prevent a new build.
        let serving = self.serving().unwrap_or(None);
        Ok(builds.chain(serving).max().unwrap_or(0) + 1)
    }

    /// The folder of build `number`.
    pub fn build(&self, number: u64) -> PathBuf {
        self.path.join(format!("{BUILD_PREFIX}{number}"))
    }

    /// Deletes every build but `number`, such as the remains of an interrupted rebuild or switch.
    pub fn delete_other_builds(&self, number: u64) -> Result<()> {
        for (_, path) in self.builds()?.into_iter().filter(|(n, _)| *n != number) {
            fs::remove_dir_all(&path).map_err(|error| storage(&path, error))?;
        }
        Ok(())
    }

    fn builds(&self) -> Result<Vec<(u64, PathBuf)>> {
        let mut builds = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(|error| storage(&self.path, error))? {
            let entry = entry.map_err(|error| storage(&self.path, error))?;
            let name = entry.file_name();
            let number = name
                .to_str()
                .and_then(|name| name.strip_prefix(BUILD_PREFIX));
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                builds.push((number, entry.path()));
            }
        }
        Ok(builds)
    }
}

/// Reads the description of the build in the folder `build`, and checks that it is for `space`.
///
/// # Errors
/// `Internal`, code [`CODE_CORRUPT`], when it cannot be read; `Conflict`, code [`CODE_MISMATCH`],
/// when it is for another space or of another version of ragd. Both messages name the command that
/// repairs it.
pub(super) fn read_meta(build: &Path, space: Option<&VectorSpace>) -> Result<Meta> {
    let file = build.join(META);
    let meta: Meta = read_json(&file)?;
    if meta.format != FORMAT || meta.terms != TERMS_VERSION {
        return Err(mismatch("another version of ragd", "this one"));
    }
    if meta.space.as_ref() != space {
        let name = |space: Option<&VectorSpace>| {
            space.map_or_else(|| "no model".to_owned(), ToString::to_string)
        };
        return Err(mismatch(&name(meta.space.as_ref()), &name(space)));
    }
    if meta.average_terms.is_finite() && meta.average_terms > 0.0 {
        Ok(meta)
    } else {
        Err(corrupt(&file, "average_terms is not above 0"))
    }
}

/// Writes the description of a new build, which completes it.
pub(super) fn write_meta(build: &Path, meta: &Meta) -> Result<()> {
    write_json(&build.join(META), meta)
}

/// Reads a build's progress; a build that has recorded none begins at 0.
pub(super) fn read_progress(build: &Path) -> Result<Progress> {
    let file = build.join(PROGRESS);
    if file.exists() {
        read_json(&file)
    } else {
        Ok(Progress::default())
    }
}

/// Writes a build's progress durably.
pub(super) fn write_progress(build: &Path, progress: &Progress) -> Result<()> {
    write_json(&build.join(PROGRESS), progress)
}

/// An error of the file system at `path`.
pub(super) fn storage(path: &Path, cause: std::io::Error) -> Error {
    Error::internal(format!(
        "cannot read or write {} of the index",
        path.display()
    ))
    .with_source(cause)
}

/// The stored index cannot be read; it can be rebuilt from SQL.
pub(super) fn corrupt(
    path: &Path,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::internal(format!(
        "the index cannot be read ({}): `ragd index rebuild` rebuilds it from the database",
        path.display()
    ))
    .with_code(CODE_CORRUPT)
    .with_source(cause)
}

fn mismatch(built: &str, wanted: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "the index was built with {built}, but {wanted} is configured now: \
             `ragd index rebuild` rebuilds it from the database"
        ),
    )
    .with_code(CODE_MISMATCH)
}

fn read_json<T: DeserializeOwned>(file: &Path) -> Result<T> {
    let bytes = fs::read(file).map_err(|error| corrupt(file, error))?;
    serde_json::from_slice(&bytes).map_err(|error| corrupt(file, error))
}

fn write_json<T: Serialize>(file: &Path, value: &T) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|error| {
        Error::internal("cannot serialise the index's state").with_source(error)
    })?;
    replace(file, &bytes)
}

/// Replaces a file so that after a crash it has either the old content or the new one.
fn replace(file: &Path, content: &[u8]) -> Result<()> {
    let draft = file.with_extension("tmp");
    let write = || {
        let mut draft_file = File::create(&draft)?;
        draft_file.write_all(content)?;
        draft_file.sync_all()?;
        fs::rename(&draft, file)?;
        file.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|error| storage(file, error))
}
