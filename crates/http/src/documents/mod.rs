//! `/api/documents`: list, get, delete and reprocess documents.

mod accept;
pub(crate) mod create;
mod disposition;
mod fields;
pub(crate) mod ingest_folder;
mod types;
pub(crate) mod upload;
pub(crate) mod upload_form;

use crate::audit::event::AuditEvent;
use crate::documents::accept::respond;
use crate::documents::types::{
    AcceptedDocumentResponse, DocumentListQuery, DocumentListResponse, DocumentResponse,
    ReprocessQuery,
};
use crate::extract::caller::{Caller, Chat, Ingest};
use crate::extract::{Page, PathId, Query};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_core::domain::DocumentId;

/// Lists the documents that the caller may read.
#[utoipa::path(
    get, path = "/api/documents", tag = "documents",
    params(Page, DocumentListQuery),
    responses((status = 200, body = DocumentListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Query(page): Query<Page>,
    Query(filter): Query<DocumentListQuery>,
) -> Result<Json<DocumentListResponse>, Failure> {
    let filter = filter.filter()?;
    let scope = caller.principal.read_scope();
    let documents = state
        .app
        .store()
        .list_documents(&scope, &filter, page.request()?)
        .await?;
    Ok(Json(DocumentListResponse::new(
        documents.data,
        documents.has_more,
    )))
}

/// Gets a document.
#[utoipa::path(
    get, path = "/api/documents/{id}", tag = "documents",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DocumentResponse))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<DocumentId>,
) -> Result<Json<DocumentResponse>, Failure> {
    let document = state
        .app
        .store()
        .document(id, &caller.principal.read_scope())
        .await?;
    let document = document.ok_or_else(PathId::<DocumentId>::not_found)?;
    Ok(Json(document.into()))
}

/// Deletes a document permanently.
#[utoipa::path(
    delete, path = "/api/documents/{id}", tag = "documents",
    params(("id" = Uuid, Path)),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    PathId(id): PathId<DocumentId>,
) -> Result<StatusCode, Failure> {
    let removal = state.app.ingest().delete(id, &caller.principal).await?;
    let removal = removal.ok_or_else(PathId::<DocumentId>::not_found)?;
    let details = serde_json::json!({ "document_id": id, "filename": removal.document.filename });
    caller
        .audit(&state.app, AuditEvent::success("document.delete", details))
        .await;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a document's passages again from its original file.
#[utoipa::path(
    post, path = "/api/documents/{id}/reprocess", tag = "documents",
    params(("id" = Uuid, Path), ReprocessQuery),
    responses((status = 202, body = AcceptedDocumentResponse))
)]
pub(crate) async fn reprocess(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    PathId(id): PathId<DocumentId>,
    Query(query): Query<ReprocessQuery>,
) -> Result<(StatusCode, Json<AcceptedDocumentResponse>), Failure> {
    let ingest = state.app.ingest();
    let accepted = ingest
        .reprocess(id, &caller.principal, query.ocr()?)
        .await?;
    let accepted = accepted.ok_or_else(PathId::<DocumentId>::not_found)?;
    let details = serde_json::json!({ "document_id": id, "ocr": query.ocr });
    caller
        .audit(
            &state.app,
            AuditEvent::success("document.reprocess", details),
        )
        .await;
    respond(&state, accepted, false).await
}
