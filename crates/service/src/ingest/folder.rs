//! Ingest of a folder on the server: `DOCUMENTS_PATH`, or paths inside it and nowhere else.

use super::{Ingest, NewSource, source_of_file};
use futures_util::future::BoxFuture;
use ragd_core::domain::{Collection, DocumentId, JobId};
use ragd_core::error::{Error, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// How many files, and about how many bytes, one transaction accepts.
const BATCH_FILES: usize = 64;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// A document of the folder that has a job now.
#[derive(Debug, Clone, Serialize)]
pub struct FolderJob {
    /// The document.
    pub document_id: DocumentId,
    /// The job.
    pub job_id: JobId,
    /// The file.
    pub path: String,
}

/// A file that was not accepted.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// The result of ingesting a folder.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FolderReport {
    /// The documents that have a job now.
    pub jobs: Vec<FolderJob>,
    /// How many are new.
    pub new: usize,
    /// How many are new versions.
    pub changed: usize,
    /// How many have not changed.
    pub unchanged: usize,
    /// The files that were not accepted.
    pub skipped: Vec<Skipped>,
}

impl Ingest {
    /// Ingests the files under `paths`, which must lie in the documents folder; without `paths`,
    /// all of that folder. First repairs an index that is empty, missing or incomplete.
    ///
    /// # Errors
    /// `Invalid` when a path lies outside of the folder or does not exist; `Unavailable` without a
    /// database.
    pub fn ingest_folder(&self, paths: Option<Vec<String>>) -> BoxFuture<'_, Result<FolderReport>> {
        Box::pin(async move {
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
            self.parts.follower.repair_if_reachable().await?;
            let mut report = FolderReport::default();
            for path in chosen {
                self.ingest_under(&path, &mut report).await?;
            }
            Ok(report)
        })
    }

    /// Walks a folder in the order of names and accepts its files in batches: however many there are,
    /// only one batch is in memory.
    async fn ingest_under(&self, path: &Path, report: &mut FolderReport) -> Result<()> {
        let mut batch = Batch::default();
        for entry in WalkDir::new(path).sort_by_file_name() {
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
                    let error = Error::internal("the file cannot be read").with_source(error);
                    (path, Err(error))
                }
            };
            match read {
                Ok(source) => batch.add(path, source),
                Err(error) => report.skipped.push(Skipped {
                    path,
                    reason: error.chain(),
                }),
            }
            if batch.is_full() {
                self.accept_batch(std::mem::take(&mut batch), report)
                    .await?;
            }
        }
        self.accept_batch(batch, report).await
    }

    async fn accept_batch(&self, batch: Batch, report: &mut FolderReport) -> Result<()> {
        let accepted = self.accept_all(batch.sources).await?;
        for (accepted, path) in accepted.into_iter().zip(batch.paths) {
            let Some(job_id) = accepted.job else {
                report.unchanged += 1;
                continue;
            };
            if accepted.new {
                report.new += 1;
            } else {
                report.changed += 1;
            }
            report.jobs.push(FolderJob {
                document_id: accepted.document.id,
                job_id,
                path,
            });
        }
        Ok(())
    }
}

/// Files that are accepted together.
#[derive(Default)]
struct Batch {
    sources: Vec<NewSource>,
    paths: Vec<String>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, path: String, source: NewSource) {
        self.bytes += source.bytes.len();
        self.sources.push(source);
        self.paths.push(path);
    }

    fn is_full(&self) -> bool {
        self.sources.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES
    }
}

/// The path of a request, resolved, if it is inside the folder.
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
