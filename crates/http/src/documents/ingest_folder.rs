//! `POST /ingest` and `POST /api/documents/ingest`: ingest the documents folder, or parts of it.

use crate::audit::event::AuditEvent;
use crate::extract::OptionalJson;
use crate::extract::caller::{Caller, Ingest};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_service::ingest::FolderReport;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What to ingest.
#[derive(Deserialize, ToSchema)]
pub(crate) struct IngestFolderRequest {
    /// Files and folders within `DOCUMENTS_PATH`; without it the whole folder.
    paths: Option<Vec<String>>,
}

/// What was found in the folder.
#[derive(Serialize, ToSchema)]
pub(crate) struct IngestFolderResponse {
    /// The jobs that were started.
    jobs: Vec<IngestFolderJob>,
    /// The number of new files.
    new: usize,
    /// The number of files that have changed.
    changed: usize,
    /// The number of files that have not changed.
    unchanged: usize,
    skipped: Vec<SkippedFile>,
}

/// The ingest of one file.
#[derive(Serialize, ToSchema)]
pub(crate) struct IngestFolderJob {
    document_id: Uuid,
    job_id: Uuid,
    path: String,
}

/// A file that was not ingested.
#[derive(Serialize, ToSchema)]
pub(crate) struct SkippedFile {
    path: String,
    reason: String,
}

/// Ingests the documents folder; the body may be left out.
#[utoipa::path(
    post, path = "/ingest", tag = "documents",
    request_body = Option<IngestFolderRequest>,
    responses((status = 202, body = IngestFolderResponse))
)]
pub(crate) async fn ingest(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    OptionalJson(body): OptionalJson<IngestFolderRequest>,
) -> Result<(StatusCode, Json<IngestFolderResponse>), Failure> {
    ingest_folder(&state, &caller, body).await
}

/// The same as `POST /ingest`.
#[utoipa::path(
    post, path = "/api/documents/ingest", tag = "documents",
    request_body = Option<IngestFolderRequest>,
    responses((status = 202, body = IngestFolderResponse))
)]
pub(crate) async fn ingest_documents(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    OptionalJson(body): OptionalJson<IngestFolderRequest>,
) -> Result<(StatusCode, Json<IngestFolderResponse>), Failure> {
    ingest_folder(&state, &caller, body).await
}

async fn ingest_folder(
    state: &AppState,
    caller: &Caller<Ingest>,
    body: Option<IngestFolderRequest>,
) -> Result<(StatusCode, Json<IngestFolderResponse>), Failure> {
    let paths = body.and_then(|body| body.paths);
    let report = state.app.ingest().ingest_folder(paths).await?;
    let details = serde_json::json!({
        "new": report.new,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "skipped": report.skipped.len(),
    });
    caller
        .audit(&state.app, AuditEvent::success("ingest.folder", details))
        .await;
    Ok((StatusCode::ACCEPTED, Json(report.into())))
}

impl From<FolderReport> for IngestFolderResponse {
    fn from(report: FolderReport) -> Self {
        let jobs = report.jobs.into_iter().map(|job| IngestFolderJob {
            document_id: job.document_id.uuid(),
            job_id: job.job_id.uuid(),
            path: job.path,
        });
        let skipped = report.skipped.into_iter().map(|skipped| SkippedFile {
            path: skipped.path,
            reason: skipped.reason,
        });
        Self {
            jobs: jobs.collect(),
            new: report.new,
            changed: report.changed,
            unchanged: report.unchanged,
            skipped: skipped.collect(),
        }
    }
}
