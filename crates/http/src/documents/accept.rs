//! Accepts a document for ingest, and answers at once or when its ingest has ended.

use crate::audit::event::AuditEvent;
use crate::documents::types::AcceptedDocumentResponse;
use crate::extract::caller::{Caller, Ingest};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::http::StatusCode;
use ragd_core::domain::DocumentStatus;
use ragd_core::error::{Error, Result};
use ragd_service::ingest::{Accepted, NewSource};

/// Accepts a document and writes an audit line.
///
/// # Errors
/// Those of `Ingest::accept`.
pub(super) async fn accept(
    state: &AppState,
    caller: &Caller<Ingest>,
    source: NewSource,
) -> Result<Accepted> {
    let filename = source.filename.to_string();
    let accepted = state.app.ingest().accept(source).await?;
    let details = serde_json::json!({
        "document_id": accepted.document.id,
        "filename": filename,
        "unchanged": accepted.unchanged,
    });
    caller
        .audit(&state.app, AuditEvent::success("document.ingest", details))
        .await;
    Ok(accepted)
}

/// The response for an accepted document: at once (202), or with `wait` when its ingest has ended.
///
/// # Errors
/// The failure of the ingest (422), where the caller waited for it.
pub(super) async fn respond(
    state: &AppState,
    accepted: Accepted,
    wait: bool,
) -> Result<(StatusCode, Json<AcceptedDocumentResponse>), Failure> {
    let job_id = accepted.job.map(|job| job.uuid());
    let document = match accepted.job {
        Some(job) if wait => {
            let id = accepted.document.id;
            let document = state.app.ingest().wait(job, id).await?;
            document.ok_or_else(|| Error::not_found("the document was deleted meanwhile"))?
        }
        _ => accepted.document,
    };
    if wait && document.status == DocumentStatus::Failed {
        return Err(Failure::of_failed_document(&document));
    }
    let is_indexed = wait && document.status == DocumentStatus::Indexed;
    let code = if is_indexed {
        StatusCode::CREATED
    } else {
        StatusCode::ACCEPTED
    };
    let body = AcceptedDocumentResponse {
        document_id: document.id.uuid(),
        job_id,
        status: document.status,
        document_path: document.uri,
        chunks_indexed: document.passages,
    };
    Ok((code, Json(body)))
}
