//! The only reader of ZIP containers: office documents, OpenDocument, EPUB. It trusts nothing that
//! a container declares: entries are counted before the directory is read, sizes are those of the
//! inflated bytes, and an archive is refused whose entries share bytes, whose directory and local
//! headers disagree or whose names are not unique. A name is only a key to find an entry, never a
//! path; archives within archives are never opened.

mod budget;
mod name;

pub(super) use name::{parent, resolve};

use super::{ExtractFailure, ExtractLimits, FailureCode};
use budget::{Budget, Inflating};
use std::collections::HashMap;
use std::io::{Cursor, Read};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// An opened container.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Indexes of the entries by their [`name::key`].
    by_key: HashMap<String, usize>,
    budget: Budget,
}

impl<'a> Archive<'a> {
    /// Opens a container and checks its directory; nothing is inflated yet.
    ///
    /// # Errors
    /// `too_large` for more entries than allowed, `corrupt` for a directory that is broken or
    /// false.
    pub(super) fn open(bytes: &'a [u8], limits: &ExtractLimits) -> Result<Self, ExtractFailure> {
        refuse_too_many_entries(bytes, limits.archive_entries)?;
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| failed(&error))?;
        if zip.has_duplicate_names() {
            return Err(ExtractFailure::corrupt(
                "two entries of the archive have the same name",
            ));
        }
        let overlap = zip.has_overlapping_entries();
        if overlap.map_err(|error| failed(&error))? {
            return Err(ExtractFailure::corrupt(
                "entries of the archive overlap: they share bytes, or reach into its directory",
            ));
        }
        zip.validate_header_consistency()
            .map_err(|error| failed(&error))?;
        let mut by_key = HashMap::with_capacity(zip.len());
        for index in 0..zip.len() {
            if let Some(Ok(name)) = zip.name_for_index(index) {
                by_key.entry(name::key(&name)).or_insert(index);
            }
        }
        Ok(Self {
            zip,
            by_key,
            budget: Budget::new(limits),
        })
    }

    /// The number of entries.
    pub(super) fn len(&self) -> usize {
        self.zip.len()
    }

    /// Whether there is an entry of that name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.by_key.contains_key(&name::key(name))
    }

    /// Inflates the entry `name`; `None` if it does not exist.
    ///
    /// # Errors
    /// `encrypted`, `unsupported_type` for another compression than Deflate, `too_large` by the
    /// limits, `corrupt` if the bytes are not what the directory declares.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, ExtractFailure> {
        match self.by_key.get(&name::key(name)) {
            Some(&index) => self.read_at(index).map(Some),
            None => Ok(None),
        }
    }

    /// As [`Archive::read`], for an entry that must exist.
    ///
    /// # Errors
    /// As for [`Archive::read`], and `corrupt` if it is missing.
    pub(super) fn require(&mut self, name: &str) -> Result<Vec<u8>, ExtractFailure> {
        self.read(name)?.ok_or_else(|| {
            ExtractFailure::corrupt(format!("its part '{}' is missing", name::shown(name)))
        })
    }

    /// Inflates the entry at `index`, which is less than [`Archive::len`].
    ///
    /// # Errors
    /// As for [`Archive::read`].
    pub(super) fn read_at(&mut self, index: usize) -> Result<Vec<u8>, ExtractFailure> {
        let mut entry = self.zip.by_index(index).map_err(|error| failed(&error))?;
        let name = entry
            .name()
            .map_or_else(|_| "?".to_owned(), |name| name::shown(&name));
        let method = entry.compression();
        if !matches!(
            method,
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            return Err(ExtractFailure::new(
                FailureCode::UnsupportedType,
                format!(
                    "its part '{name}' is compressed by the method {method:?}; only Stored (0) and \
                     Deflate (8) are read"
                ),
            ));
        }
        let declared = entry.size();
        let mut progress = Inflating {
            name: &name,
            packed: entry.compressed_size(),
            inflated: 0,
        };
        let mut bytes = Vec::new();
        let mut part = [0; 64 * 1024];
        loop {
            let count = entry.read(&mut part).map_err(|error| {
                ExtractFailure::corrupt(format!("its part '{name}' is broken: {error}"))
            })?;
            if count == 0 {
                break;
            }
            bytes.extend_from_slice(part.get(..count).unwrap_or_default());
            self.budget.spend(&mut progress, count as u64)?;
        }
        if bytes.len() as u64 != declared {
            return Err(ExtractFailure::corrupt(format!(
                "its part '{name}' declares {declared} bytes, but has {}",
                bytes.len()
            )));
        }
        Ok(bytes)
    }
}

/// Counts the headers of the directory, wherever they are, before the archive is parsed.
fn refuse_too_many_entries(bytes: &[u8], most: usize) -> Result<(), ExtractFailure> {
    const DIRECTORY_HEADER: &[u8] = b"PK\x01\x02";
    let mut count = 0;
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'P') {
        rest = rest.get(at..).unwrap_or_default();
        count += usize::from(rest.starts_with(DIRECTORY_HEADER));
        rest = rest.get(1..).unwrap_or_default();
    }
    if count > most {
        return Err(ExtractFailure::too_large(format!(
            "the archive has {count} entries; {most} are allowed"
        )));
    }
    Ok(())
}

fn failed(error: &ZipError) -> ExtractFailure {
    match error {
        ZipError::UnsupportedArchive(reason) if *reason == ZipError::PASSWORD_REQUIRED => {
            ExtractFailure::encrypted("an entry of the archive is encrypted")
        }
        ZipError::UnsupportedArchive(reason) => ExtractFailure::new(
            FailureCode::UnsupportedType,
            format!("the archive: {reason}"),
        ),
        other => ExtractFailure::corrupt(format!("the archive is broken: {other}")),
    }
}
