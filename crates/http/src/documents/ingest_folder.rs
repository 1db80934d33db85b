//! `POST /ingest` and `POST /api/documents/ingest`: the documents folder, or parts of it.

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

/// What to take in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct IngestBody {
    /// Files and folders within `DOCUMENTS_PATH`; left out: all of it.
    paths: Option<Vec<String>>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct IngestReportBody {
    /// What is worked on now.
    jobs: Vec<IngestJobBody>,
    /// How many were not there before.
    new: usize,
    /// How many are new versions.
    changed: usize,
    /// How many are as they were.
    unchanged: usize,
    skipped: Vec<SkippedBody>,
}

/// A document that is worked on.
#[derive(Serialize, ToSchema)]
pub(crate) struct IngestJobBody {
    document_id: Uuid,
    job_id: Uuid,
    path: String,
}

/// A file that was not taken in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SkippedBody {
    path: String,
    reason: String,
}

/// Takes the documents folder in; no body is needed.
#[utoipa::path(
    post, path = "/ingest", tag = "documents",
    request_body = Option<IngestBody>,
    responses((status = 202, body = IngestReportBody))
)]
pub(crate) async fn ingest(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    OptionalJson(body): OptionalJson<IngestBody>,
) -> Result<(StatusCode, Json<IngestReportBody>), Failure> {
    take_in_folder(&state, &caller, body).await
}

/// The same as `POST /ingest`.
#[utoipa::path(
    post, path = "/api/documents/ingest", tag = "documents",
    request_body = Option<IngestBody>,
    responses((status = 202, body = IngestReportBody))
)]
pub(crate) async fn ingest_documents(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    OptionalJson(body): OptionalJson<IngestBody>,
) -> Result<(StatusCode, Json<IngestReportBody>), Failure> {
    take_in_folder(&state, &caller, body).await
}

async fn take_in_folder(
    state: &AppState,
    caller: &Caller<Ingest>,
    body: Option<IngestBody>,
) -> Result<(StatusCode, Json<IngestReportBody>), Failure> {
    let paths = body.and_then(|body| body.paths);
    let report = state.app.ingest().ingest_folder(paths).await?;
    let details = serde_json::json!({
        "new": report.new,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "skipped": report.skipped.len(),
    });
    caller.audit(&state.app, "ingest.folder", details).await;
    Ok((StatusCode::ACCEPTED, Json(report.into())))
}

impl From<FolderReport> for IngestReportBody {
    fn from(report: FolderReport) -> Self {
        let jobs = report.jobs.into_iter().map(|job| IngestJobBody {
            document_id: job.document_id.uuid(),
            job_id: job.job_id.uuid(),
            path: job.path,
        });
        let skipped = report.skipped.into_iter().map(|skipped| SkippedBody {
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
