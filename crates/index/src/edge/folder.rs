//! The folder of an embedded index on disk: its lock, its builds, and the pointer to the one that
//! serves. It owns the small files, each replaced atomically; what a build holds is the engine's.
//!
//! ```text
//! lock                 held while the index is open
//! current              the number of the build that serves
//! build-7/meta.json    what the build was made for; written last, so a build without it is none
//! build-7/progress.json  the follower's position, and the terms seen
//! build-7/shard/       the engine's files
//! ```

use super::super::space::VectorSpace;
use super::super::terms::TERMS_VERSION;
use super::super::{CODE_CORRUPT, CODE_MISMATCH};
use ragd_core::error::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Rises when an older build can no longer be read.
const FORMAT: u32 = 1;
const POINTER: &str = "current";
const META: &str = "meta.json";
const PROGRESS: &str = "progress.json";
const BUILD_PREFIX: &str = "build-";

/// What a build was made for; never changed after the build was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Meta {
    format: u32,
    terms: String,
    /// The space of the dense vectors.
    pub space: Option<VectorSpace>,
    /// The terms of a passage, on average, that the BM25 weights are made for.
    pub average_terms: f32,
}

impl Meta {
    /// Of a new build.
    pub fn new(space: Option<VectorSpace>, average_terms: f32) -> Self {
        Self {
            format: FORMAT,
            terms: TERMS_VERSION.to_owned(),
            space,
            average_terms,
        }
    }
}

/// What of the change log a build holds durably, and what was ever added to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Up to where in the change log.
    pub sequence: i64,
    /// Passages added, replacements counted again.
    pub passages: u64,
    /// The terms of these passages.
    pub terms: u64,
}

impl Progress {
    /// The terms of a passage, on average, over all that was added; `None` before the first.
    pub fn average_terms(&self) -> Option<f32> {
        (self.passages > 0).then(|| (self.terms as f64 / self.passages as f64) as f32)
    }
}

/// An index's folder, locked for as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder when it is absent, and locks it.
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
                    "the index in {} is already open: one ragd process at a time may use it",
                    path.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(storage(&file, error)),
        }
    }

    /// The number of the build that serves; `None` in a new folder.
    ///
    /// # Errors
    /// `Internal`, code [`CODE_CORRUPT`], when the pointer does not hold a number.
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

    /// Makes `number` the build that serves, at once and durably.
    pub fn serve(&self, number: u64) -> Result<()> {
        replace(&self.path.join(POINTER), number.to_string().as_bytes())
    }

    /// A number that no build has had.
    pub fn next_build(&self) -> Result<u64> {
        let builds = self.builds()?.into_iter().map(|(number, _)| number);
        // A pointer that cannot be read must not keep a new build from being made.
        let serving = self.serving().unwrap_or(None);
        Ok(builds.chain(serving).max().unwrap_or(0) + 1)
    }

    /// The folder of build `number`.
    pub fn build(&self, number: u64) -> PathBuf {
        self.path.join(format!("{BUILD_PREFIX}{number}"))
    }

    /// Deletes every build but `number`: what an interrupted rebuild or a switch left behind.
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

/// Reads what the build in `build` was made for, and checks that it is for `space`.
///
/// # Errors
/// `Internal`, code [`CODE_CORRUPT`], when it cannot be read; `Conflict`, code [`CODE_MISMATCH`],
/// when it is for another space or of another version of ragd. Both name the command that helps.
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

/// Completes a new build.
pub(super) fn write_meta(build: &Path, meta: &Meta) -> Result<()> {
    write_json(&build.join(META), meta)
}

/// Reads how far a build has followed; a build that never said so begins at 0.
pub(super) fn read_progress(build: &Path) -> Result<Progress> {
    let file = build.join(PROGRESS);
    if file.exists() {
        read_json(&file)
    } else {
        Ok(Progress::default())
    }
}

/// Writes how far a build has followed, durably.
pub(super) fn write_progress(build: &Path, progress: &Progress) -> Result<()> {
    write_json(&build.join(PROGRESS), progress)
}

/// An error of the file system.
pub(super) fn storage(path: &Path, cause: std::io::Error) -> Error {
    Error::internal(format!("cannot use {} of the index", path.display())).with_source(cause)
}

/// What is stored cannot be read; SQL can bring it back.
pub(super) fn corrupt(
    path: &Path,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::internal(format!(
        "the index cannot be read ({}): `ragd index rebuild` makes it anew from the database",
        path.display()
    ))
    .with_code(CODE_CORRUPT)
    .with_source(cause)
}

fn mismatch(built: &str, wanted: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "the index was built with {built}, and now it is {wanted}: \
             `ragd index rebuild` makes it anew from the database"
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

/// Replaces a file so that a crash leaves the old content or the new one, never a part.
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
