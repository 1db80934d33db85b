//! Documents as JSON, and the queries of their routes.

use crate::extract::parsed;
use chrono::{DateTime, Utc};
use ragd_core::domain::{Collection, Document, DocumentStatus};
use ragd_core::error::{Error, Result};
use ragd_store::DocumentFilter;
use ragd_text::OcrChoice;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A document.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentResponse {
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
    /// The number of its passages.
    passages: i64,
    metadata: serde_json::Value,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A page of documents.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocumentListResponse {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<DocumentResponse>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// A document that was accepted for ingest.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedDocumentResponse {
    pub(super) document_id: Uuid,
    /// Null when the same document existed already.
    pub(super) job_id: Option<Uuid>,
    #[schema(value_type = String, example = "queued")]
    pub(super) status: DocumentStatus,
    /// The document's `uri`.
    pub(super) document_path: String,
    /// The number of its passages that can be found.
    pub(super) chunks_indexed: i64,
}

/// Which documents to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DocumentListQuery {
    /// `queued`, `processing`, `indexed` or `failed`.
    #[param(required = false)]
    status: Option<String>,
    #[param(required = false)]
    collection: Option<String>,
}

/// How to reprocess a document.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReprocessQuery {
    /// `true`: read pictures of text by OCR even where INGEST_OCR is off; `false`: do not read them.
    /// Without it the settings decide.
    #[param(value_type = bool, required = false)]
    pub(super) ocr: Option<String>,
}

/// Whether to wait for the ingest.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// `true`: respond when the document is indexed (201) or has failed (422).
    #[param(value_type = bool, default = false, required = false)]
    wait: Option<String>,
}

impl DocumentListQuery {
    /// The filter.
    ///
    /// # Errors
    /// `Invalid` with the field.
    pub(super) fn filter(&self) -> Result<DocumentFilter> {
        let status = parsed(
            "status",
            self.status.as_deref(),
            |word| word.parse().ok(),
            "'queued', 'processing', 'indexed' or 'failed'",
        )?;
        let collection = self.collection.as_deref();
        let collection = collection.map(Collection::parse).transpose()?;
        Ok(DocumentFilter { status, collection })
    }
}

impl ReprocessQuery {
    /// Whether to use OCR.
    ///
    /// # Errors
    /// `Invalid` for anything but a boolean.
    pub(super) fn ocr(&self) -> Result<OcrChoice> {
        Ok(match (&self.ocr, boolean("ocr", self.ocr.as_deref())?) {
            (None, _) => OcrChoice::Automatic,
            (Some(_), true) => OcrChoice::Wanted,
            (Some(_), false) => OcrChoice::Forbidden,
        })
    }
}

impl WaitQuery {
    /// Whether to wait.
    ///
    /// # Errors
    /// `Invalid` for anything but a boolean.
    pub(crate) fn is_set(&self) -> Result<bool> {
        boolean("wait", self.wait.as_deref())
    }
}

/// A boolean of a query; absent is false.
///
/// # Errors
/// `Invalid` for anything but a boolean.
fn boolean(field: &str, text: Option<&str>) -> Result<bool> {
    match text.map(str::to_lowercase).as_deref() {
        None | Some("false" | "0" | "no") => Ok(false),
        Some("true" | "1" | "yes" | "") => Ok(true),
        Some(_) => Err(Error::invalid(format!(
            "{field}: must be 'true' or 'false'"
        ))),
    }
}

impl From<Document> for DocumentResponse {
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

impl DocumentListResponse {
    pub(crate) fn new(documents: Vec<Document>, has_more: bool) -> Self {
        let data: Vec<DocumentResponse> =
            documents.into_iter().map(DocumentResponse::from).collect();
        Self {
            object: "list",
            first_id: data.first().map(|document| document.id),
            last_id: data.last().map(|document| document.id),
            data,
            has_more,
        }
    }
}
