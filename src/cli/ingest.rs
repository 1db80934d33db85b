//! `ragd ingest PATH…`: files and folders, a few at a time, with a bar and a summary.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use ragd_core::domain::Collection;
use ragd_core::error::{Error, Result};
use ragd_service::config::IngestConfig;
use ragd_service::ingest::source_of_file;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use walkdir::WalkDir;

/// How many files are sent at once: one is read while another is embedded.
const AT_ONCE: usize = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Ingest {
    /// Files and folders; of a folder, every file with an allowed extension.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The collection that they belong to.
    #[arg(long, default_value = "default")]
    collection: String,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    indexed: usize,
    unchanged: usize,
    failed: Vec<Failed>,
    passages: u64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Failed {
    path: String,
    reason: String,
}

enum Outcome {
    Indexed { passages: u64 },
    Unchanged,
    Failed(String),
}

impl Ingest {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let settings = context.config.ingest.clone();
        let collection = Collection::parse(&self.collection)?;
        let mut summary = Summary::default();
        let files = self.files(&settings, &mut summary);
        let begun = Instant::now();
        let connection = Connection::open_to_work(context).await?;
        let bar = progress_bar(files.len());
        let mut outcomes = stream::iter(files)
            .map(|path| {
                let work = send(&connection, path.clone(), &collection, &settings);
                async move { (path, work.await) }
            })
            .buffer_unordered(AT_ONCE);
        while let Some((path, outcome)) = outcomes.next().await {
            bar.inc(1);
            bar.set_message(
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
            );
            match outcome {
                Outcome::Indexed { passages } => {
                    summary.indexed += 1;
                    summary.passages += passages;
                }
                Outcome::Unchanged => summary.unchanged += 1,
                Outcome::Failed(reason) => summary.fail(&path, reason),
            }
        }
        drop(outcomes);
        bar.finish_and_clear();
        connection.close().await;
        summary.seconds = begun.elapsed().as_secs_f64();
        self.print(&summary)?;
        Ok(if summary.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Every file to send. Files that were named are taken as they are; of a folder, those with
    /// another extension are passed over.
    fn files(&self, settings: &IngestConfig, summary: &mut Summary) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for path in &self.paths {
            if path.is_file() {
                files.push(path.clone());
                continue;
            }
            for entry in WalkDir::new(path).sort_by_file_name() {
                match entry {
                    Ok(entry)
                        if entry.file_type().is_file() && is_allowed(entry.path(), settings) =>
                    {
                        files.push(entry.into_path());
                    }
                    Ok(_) => {}
                    Err(error) => {
                        let at = error.path().unwrap_or(path).to_owned();
                        summary.fail(&at, error.to_string());
                    }
                }
            }
        }
        files
    }

    fn print(&self, summary: &Summary) -> Result<()> {
        if self.json.json {
            return output::print_json(summary);
        }
        output::print_line(format_args!(
            "{} indexed ({} passages), {} unchanged, {} failed in {:.1} s",
            summary.indexed,
            summary.passages,
            summary.unchanged,
            summary.failed.len(),
            summary.seconds
        ));
        for failed in &summary.failed {
            output::print_line(format_args!(
                "  failed {}: {}",
                failed.path.escape_debug(),
                failed.reason
            ));
        }
        Ok(())
    }
}

impl Summary {
    fn fail(&mut self, path: &Path, reason: String) {
        self.failed.push(Failed {
            path: path.display().to_string(),
            reason,
        });
    }
}

async fn send(
    connection: &Connection,
    path: PathBuf,
    collection: &Collection,
    settings: &IngestConfig,
) -> Outcome {
    match try_send(connection, &path, collection, settings).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(error.chain()),
    }
}

async fn try_send(
    connection: &Connection,
    path: &Path,
    collection: &Collection,
    settings: &IngestConfig,
) -> Result<Outcome> {
    let source = source_of_file(path, collection, settings)?;
    let file = Part::bytes(source.bytes).file_name(source.filename.as_str().to_owned());
    let mut form = Form::new().text("collection", collection.as_str().to_owned());
    if let Some(uri) = source.uri {
        form = form.text("uri", uri);
    }
    let request = connection
        .request(Method::POST, "/api/documents/upload?wait=true")
        .multipart(form.part("file", file));
    let (status, body) = connection.answer(request).await?;
    match (status, body) {
        (_, Ok(body)) if body.get("job_id").is_none_or(Value::is_null) => Ok(Outcome::Unchanged),
        (_, Ok(body)) => {
            let passages = body
                .get("chunks_indexed")
                .and_then(Value::as_u64)
                .unwrap_or(0);
            Ok(Outcome::Indexed { passages })
        }
        (422, Err(error)) => Ok(Outcome::Failed(error.to_string())),
        (_, Err(error)) => Err(error),
    }
}

fn is_allowed(path: &Path, settings: &IngestConfig) -> bool {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    settings
        .allowed_extensions
        .iter()
        .any(|one| one.eq_ignore_ascii_case(extension))
}

fn progress_bar(files: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {msg}")
        .map_err(|error| Error::internal("the bar's template is ill-formed").with_source(error));
    let bar = ProgressBar::new(files as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
