//! Ingest of a folder on the server: `DOCUMENTS_PATH`, or named paths inside it and nowhere else.

use super::{Ingest, source_of_file};
use crate::domain::{Collection, DocumentId, JobId};
use crate::error::{Error, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A document of the folder that is worked on now.
#[derive(Debug, Clone, Serialize)]
pub struct FolderJob {
    /// The document.
    pub document_id: DocumentId,
    /// The work.
    pub job_id: JobId,
    /// The file.
    pub path: String,
}

/// A file that was not taken in.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// What an ingest of a folder found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FolderReport {
    /// What is worked on now.
    pub jobs: Vec<FolderJob>,
    /// How many were not there before.
    pub new: usize,
    /// How many are new versions.
    pub changed: usize,
    /// How many are as they were.
    pub unchanged: usize,
    /// What was not taken in.
    pub skipped: Vec<Skipped>,
}

impl Ingest {
    /// Ingests the files under `paths`, which must lie in the documents folder; without `paths`,
    /// all of that folder. First mends an index that is empty, missing or short.
    ///
    /// # Errors
    /// `Invalid` when a path lies outside of the folder or does not exist; `Unavailable` without a
    /// database.
    pub async fn ingest_folder(&self, paths: Option<Vec<String>>) -> Result<FolderReport> {
        let root = self.documents_path.as_ref().clone();
        let cannot_open = |error| {
            Error::internal(format!("DOCUMENTS_PATH: cannot open '{}'", root.display()))
                .with_source(error)
        };
        std::fs::create_dir_all(&root).map_err(cannot_open)?;
        let root = root.canonicalize().map_err(cannot_open)?;
        let chosen = match paths {
            None => vec![root],
            Some(paths) => paths
                .iter()
                .map(|path| inside(&root, path))
                .collect::<Result<_>>()?,
        };
        self.parts.follower.mend_if_reachable().await?;
        let mut report = FolderReport::default();
        for path in chosen {
            self.ingest_under(&path, &mut report).await?;
        }
        Ok(report)
    }

    async fn ingest_under(&self, path: &Path, report: &mut FolderReport) -> Result<()> {
        for entry in WalkDir::new(path).sort_by_file_name().into_iter() {
            let (path, read) = match entry {
                Ok(entry) if entry.file_type().is_dir() => continue,
                Ok(entry) => {
                    let source = source_of_file(
                        entry.path(),
                        &Collection::default_collection(),
                        &self.settings,
                    );
                    (entry.path().display().to_string(), source)
                }
                Err(error) => {
                    let path = error.path().unwrap_or(path).display().to_string();
                    (
                        path,
                        Err(Error::internal("the file cannot be read").with_source(error)),
                    )
                }
            };
            let source = match read {
                Ok(source) => source,
                Err(error) => {
                    report.skipped.push(Skipped {
                        path,
                        reason: error.chain(),
                    });
                    continue;
                }
            };
            let accepted = self.accept(source).await?;
            match accepted.job {
                None => report.unchanged += 1,
                Some(job_id) => {
                    if accepted.new {
                        report.new += 1;
                    } else {
                        report.changed += 1;
                    }
                    let document_id = accepted.document.id;
                    report.jobs.push(FolderJob {
                        document_id,
                        job_id,
                        path,
                    });
                }
            }
        }
        Ok(())
    }
}

/// The path of a request, resolved, if it lies in the folder.
fn inside(root: &Path, path: &str) -> Result<PathBuf> {
    let outside = || {
        Error::invalid(format!(
            "paths: '{path}' is not in DOCUMENTS_PATH, or does not exist"
        ))
        .with_code("path_outside_documents")
    };
    if path.contains('\0') {
        return Err(outside());
    }
    let resolved = root.join(path).canonicalize().map_err(|_| outside())?;
    if resolved.starts_with(root) {
        Ok(resolved)
    } else {
        Err(outside())
    }
}
