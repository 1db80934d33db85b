//! `POST /api/documents/upload`: a file, as a browser sends it.

use crate::documents::types::{AcceptedBody, Wait, answer};
use crate::documents::upload_form::{UploadBody, UploadForm};
use crate::extract::Query;
use crate::extract::caller::{Caller, Ingest};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_core::domain::Collection;
use ragd_core::error::Result;
use ragd_service::ingest::{Accepted, NewSource};

/// Takes a file in. `?wait=true` answers when it is indexed (201) or failed (422).
#[utoipa::path(
    post, path = "/api/documents/upload", tag = "documents",
    params(Wait),
    request_body(content = UploadBody, content_type = "multipart/form-data"),
    responses((status = 202, body = AcceptedBody), (status = 201, body = AcceptedBody))
)]
pub(crate) async fn upload(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    Query(wait): Query<Wait>,
    form: UploadForm,
) -> Result<(StatusCode, Json<AcceptedBody>), Failure> {
    let wait = wait.is_asked()?;
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
    let accepted = take_in(&state, &caller, source).await?;
    answer(&state, accepted, wait).await
}

/// Accepts a document, and says so in the audit trail.
pub(crate) async fn take_in(
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
    caller.audit(&state.app, "document.ingest", details).await;
    Ok(accepted)
}
