//! Documents: list, show, delete, make anew.

pub(crate) mod create;
pub(crate) mod ingest_folder;
mod types;
pub(crate) mod upload;
pub(crate) mod upload_form;

use crate::documents::types::{AcceptedBody, DocumentBody, DocumentListBody, answer, boolean};
use crate::extract::caller::{Caller, Chat, Ingest};
use crate::extract::{Page, PathId, Query, parsed};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_core::domain::{Collection, DocumentId};
use ragd_store::DocumentFilter;
use ragd_text::OcrChoice;
use serde::Deserialize;
use utoipa::IntoParams;

/// Which documents are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// `queued`, `processing`, `indexed` or `failed`.
    #[param(required = false)]
    status: Option<String>,
    #[param(required = false)]
    collection: Option<String>,
}

/// How to make a document anew.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// `true` reads pictures of text by OCR even where INGEST_OCR is off, `false` does not read
    /// them; without it the settings decide.
    #[param(value_type = bool, required = false)]
    ocr: Option<String>,
}

/// The documents that the caller may read.
#[utoipa::path(
    get, path = "/api/documents", tag = "documents",
    params(Page, Filter),
    responses((status = 200, body = DocumentListBody))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Query(page): Query<Page>,
    Query(filter): Query<Filter>,
) -> Result<Json<DocumentListBody>, Failure> {
    let status = parsed(
        ("status", filter.status.as_deref()),
        |word| word.parse().ok(),
        "'queued', 'processing', 'indexed' or 'failed'",
    )?;
    let collection = filter
        .collection
        .as_deref()
        .map(Collection::parse)
        .transpose()?;
    let filter = DocumentFilter { status, collection };
    let scope = caller.principal.read_scope();
    let documents = state
        .app
        .store()
        .list_documents(&scope, &filter, page.request()?)
        .await?;
    Ok(Json(DocumentListBody::new(
        documents.data,
        documents.has_more,
    )))
}

/// A document.
#[utoipa::path(
    get, path = "/api/documents/{id}", tag = "documents",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DocumentBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<DocumentId>,
) -> Result<Json<DocumentBody>, Failure> {
    let document = state
        .app
        .store()
        .document(id, &caller.principal.read_scope())
        .await?;
    let document = document.ok_or_else(PathId::<DocumentId>::not_found)?;
    Ok(Json(document.into()))
}

/// Deletes a document for good.
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
    caller.audit(&state.app, "document.delete", details).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a document's passages anew from its original.
#[utoipa::path(
    post, path = "/api/documents/{id}/reprocess", tag = "documents",
    params(("id" = Uuid, Path), How),
    responses((status = 202, body = AcceptedBody))
)]
pub(crate) async fn reprocess(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    PathId(id): PathId<DocumentId>,
    Query(how): Query<How>,
) -> Result<(StatusCode, Json<AcceptedBody>), Failure> {
    let ocr = match (&how.ocr, boolean("ocr", how.ocr.as_deref())?) {
        (None, _) => OcrChoice::Automatic,
        (Some(_), true) => OcrChoice::Wanted,
        (Some(_), false) => OcrChoice::Forbidden,
    };
    let ingest = state.app.ingest();
    let accepted = ingest.reprocess(id, &caller.principal, ocr).await?;
    let accepted = accepted.ok_or_else(PathId::<DocumentId>::not_found)?;
    let details = serde_json::json!({ "document_id": id, "ocr": how.ocr });
    caller
        .audit(&state.app, "document.reprocess", details)
        .await;
    answer(&state, accepted, false).await
}
