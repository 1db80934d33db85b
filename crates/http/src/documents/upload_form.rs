//! The multipart form of an upload (RFC 7578), read part by part, each with its limit.

use super::disposition;
use crate::documents::fields::{check_metadata, check_title};
use crate::extract::DRAIN_BYTES;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use ragd_core::domain::{Collection, FileName};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_service::config::IngestConfig;
use serde_json::Value;
use utoipa::ToSchema;

/// The most bytes of a part other than the file.
const MAX_FIELD_BYTES: usize = 64 * 1_024;
/// The most parts of a form.
pub(crate) const MAX_PARTS: usize = 32;

/// The most bytes of a whole form with the largest allowed file.
pub(crate) fn max_form_bytes(config: &IngestConfig) -> usize {
    let file = usize::try_from(config.max_upload_bytes()).unwrap_or(usize::MAX);
    file.saturating_add(MAX_PARTS * MAX_FIELD_BYTES)
}

/// A file to upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form for the OpenAPI document")]
pub(crate) struct UploadDocumentRequest {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    #[schema(example = "default")]
    collection: Option<String>,
    title: Option<String>,
    /// Where the file came from; it must end in the file's name. Without it the name alone identifies
    /// the document.
    uri: Option<String>,
    /// A JSON object.
    metadata: Option<String>,
}

/// An upload that was read and checked.
pub(crate) struct UploadForm {
    pub(crate) filename: FileName,
    pub(crate) bytes: Vec<u8>,
    pub(crate) collection: Option<Collection>,
    pub(crate) title: Option<String>,
    pub(crate) uri: Option<String>,
    pub(crate) metadata: Value,
}

#[derive(Default)]
struct Parts {
    file: Option<(FileName, Vec<u8>)>,
    collection: Option<Collection>,
    title: Option<String>,
    uri: Option<String>,
    metadata: Option<Value>,
}

impl FromRequest<AppState> for UploadForm {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Failure> {
        let mut form = Multipart::from_request(request, state)
            .await
            .map_err(|e| not_a_form(&e))?;
        let max_bytes = state.app.config().ingest.max_upload_bytes();
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let mut parts = Parts::default();
        for _ in 0..MAX_PARTS {
            let Some(field) = form.next_field().await.map_err(|e| broken(&e))? else {
                return Ok(parts.into_form()?);
            };
            parts.take(field, max_bytes).await?;
        }
        Err(Error::invalid(format!("the form must have at most {MAX_PARTS} parts")).into())
    }
}

impl Parts {
    async fn take(&mut self, mut field: Field<'_>, max_bytes: usize) -> Result<(), Failure> {
        match field.name().unwrap_or_default() {
            "file" => {
                if self.file.is_some() {
                    return Err(Error::invalid("file: there must be only one").into());
                }
                let name = disposition::file_name(field.headers()).unwrap_or_default();
                let filename = FileName::parse(&name).map_err(|e| e.with_code("invalid_file_name"));
                let limit = Limit {
                    bytes: max_bytes,
                    name: format!("file: must be at most {} MB", max_bytes / (1_024 * 1_024)),
                    setting: " (MAX_UPLOAD_MEGABYTES)",
                };
                let bytes = read(&mut field, &limit).await?;
                self.file = Some((filename?, bytes));
            }
            "collection" => self.collection = Some(Collection::parse(&text(field).await?)?),
            "title" => self.title = check_title(Some(text(field).await?))?,
            "uri" => self.uri = Some(text(field).await?).filter(|uri| !uri.trim().is_empty()),
            "metadata" => {
                let json = text(field).await?;
                let fault = |_| Error::invalid("metadata: must be a JSON object");
                self.metadata = Some(check_metadata(serde_json::from_str(&json).map_err(fault)?)?);
            }
            _ => drop(text(field).await?),
        }
        Ok(())
    }

    fn into_form(self) -> Result<UploadForm> {
        let missing = || Error::invalid("file: the form has no part of this name");
        let (filename, bytes) = self.file.ok_or_else(missing)?;
        if let Some(uri) = &self.uri
            && !uri.ends_with(filename.as_str())
        {
            return Err(Error::invalid("uri: must end in the file's name"));
        }
        Ok(UploadForm {
            filename,
            bytes,
            collection: self.collection,
            title: self.title,
            uri: self.uri,
            metadata: self
                .metadata
                .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        })
    }
}

struct Limit {
    bytes: usize,
    name: String,
    setting: &'static str,
}

async fn text(mut field: Field<'_>) -> Result<String, Failure> {
    let name = field.name().unwrap_or_default().to_owned();
    let limit = Limit {
        bytes: MAX_FIELD_BYTES,
        name: format!("{name}: must be at most {MAX_FIELD_BYTES} bytes"),
        setting: "",
    };
    let bytes = read(&mut field, &limit).await?;
    String::from_utf8(bytes).map_err(|_| Error::invalid(format!("{name}: must be UTF-8")).into())
}

/// Reads a part. Bytes beyond its limit are read and dropped, up to a bound, so that the client gets to
/// read the response.
async fn read(field: &mut Field<'_>, limit: &Limit) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = field.chunk().await.map_err(|e| broken(&e))? {
        seen = seen.saturating_add(chunk.len());
        if seen <= limit.bytes {
            bytes.extend_from_slice(&chunk);
        } else if seen > limit.bytes.saturating_add(DRAIN_BYTES) {
            break;
        }
    }
    if seen > limit.bytes {
        let message = format!("{}{}", limit.name, limit.setting);
        return Err(Error::new(ErrorKind::TooLarge, message)
            .with_code("file_too_large")
            .into());
    }
    Ok(bytes)
}

fn not_a_form(refused: &MultipartRejection) -> Failure {
    let error = Error::invalid(format!("the body must be multipart/form-data: {refused}"))
        .with_code("unsupported_media_type");
    Failure::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, error)
}

fn broken(error: &MultipartError) -> Failure {
    Failure::malformed(format!("the form cannot be read: {}", error.body_text()))
}
