//! A document, and what became of one that was sent in, as JSON.

use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use ragd_core::domain::{Document, DocumentStatus};
use ragd_core::error::{Error, Result};
use ragd_service::ingest::Accepted;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A document.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentBody {
    id: Uuid,
    #[schema(example = "default")]
    collection: String,
    title: String,
    filename: String,
    uri: String,
    content_type: String,
    bytes: i64,
    sha256: String,
    /// `queued`, `processing`, `indexed` or `failed`.
    #[schema(value_type = String, example = "indexed")]
    status: DocumentStatus,
    /// Why the last ingest failed: `code: message`.
    error: Option<String>,
    /// How many passages it has.
    passages: i64,
    metadata: serde_json::Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentListBody {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<DocumentBody>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// What became of a document that was sent in.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedBody {
    document_id: Uuid,
    /// `null` when the same document was there already.
    job_id: Option<Uuid>,
    #[schema(value_type = String, example = "queued")]
    status: DocumentStatus,
    /// The document's `uri`.
    document_path: String,
    /// How many passages of it can be found.
    chunks_indexed: i64,
}

/// Whether to wait for the work.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// `true`: answer when the document is indexed (201) or failed (422).
    #[param(value_type = bool, default = false, required = false)]
    wait: Option<String>,
}

impl Wait {
    /// Whether to wait.
    ///
    /// # Errors
    /// `Invalid` for anything but true and false.
    pub(crate) fn is_asked(&self) -> Result<bool> {
        boolean("wait", self.wait.as_deref())
    }
}

/// A yes or no of a query; absent is no.
pub(crate) fn boolean(field: &str, text: Option<&str>) -> Result<bool> {
    match text.map(str::to_lowercase).as_deref() {
        None | Some("false" | "0" | "no") => Ok(false),
        Some("true" | "1" | "yes" | "") => Ok(true),
        Some(_) => Err(Error::invalid(format!(
            "{field}: must be 'true' or 'false'"
        ))),
    }
}

impl From<Document> for DocumentBody {
    fn from(document: Document) -> Self {
        Self {
            id: document.id.uuid(),
            collection: document.collection.as_str().to_owned(),
            title: document.title,
            filename: document.filename.into(),
            uri: document.uri,
            content_type: document.content_type,
            bytes: document.bytes,
            sha256: document.sha256.to_hex(),
            status: document.status,
            error: document.error,
            passages: document.passages,
            metadata: document.metadata,
            created_at: document.created_at,
            updated_at: document.updated_at,
        }
    }
}

impl DocumentListBody {
    pub(crate) fn new(documents: Vec<Document>, has_more: bool) -> Self {
        let data: Vec<DocumentBody> = documents.into_iter().map(DocumentBody::from).collect();
        Self {
            object: "list",
            first_id: data.first().map(|document| document.id),
            last_id: data.last().map(|document| document.id),
            data,
            has_more,
        }
    }
}

/// The answer to a document that was sent in: at once (202), or when its work has ended.
pub(crate) async fn answer(
    state: &AppState,
    accepted: Accepted,
    wait: bool,
) -> Result<(StatusCode, Json<AcceptedBody>), Failure> {
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
    let is_there = wait && document.status == DocumentStatus::Indexed;
    let code = if is_there {
        StatusCode::CREATED
    } else {
        StatusCode::ACCEPTED
    };
    let body = AcceptedBody {
        document_id: document.id.uuid(),
        job_id,
        status: document.status,
        document_path: document.uri,
        chunks_indexed: document.passages,
    };
    Ok((code, Json(body)))
}
