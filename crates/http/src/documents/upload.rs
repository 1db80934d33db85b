//! `POST /api/documents/upload`: a file in a multipart form.

use crate::documents::accept::{accept, respond};
use crate::documents::types::{AcceptedDocumentResponse, WaitQuery};
use crate::documents::upload_form::{UploadDocumentRequest, UploadForm};
use crate::extract::Query;
use crate::extract::caller::{Caller, Ingest};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_core::domain::Collection;
use ragd_service::ingest::NewSource;

/// Uploads a file. With `?wait=true` the response comes when the file is indexed (201) or has failed
/// (422).
#[utoipa::path(
    post, path = "/api/documents/upload", tag = "documents",
    params(WaitQuery),
    request_body(content = UploadDocumentRequest, content_type = "multipart/form-data"),
    responses((status = 202, body = AcceptedDocumentResponse), (status = 201, body = AcceptedDocumentResponse))
)]
pub(crate) async fn upload(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    Query(wait): Query<WaitQuery>,
    form: UploadForm,
) -> Result<(StatusCode, Json<AcceptedDocumentResponse>), Failure> {
    let wait = wait.is_set()?;
    let source = NewSource {
        owner: caller.principal.owner,
        collection: form
            .collection
            .unwrap_or_else(Collection::default_collection),
        filename: form.filename,
        uri: form.uri,
        title: form.title,
        metadata: form.metadata,
        bytes: form.bytes,
    };
    let accepted = accept(&state, &caller, source).await?;
    respond(&state, accepted, wait).await
}
