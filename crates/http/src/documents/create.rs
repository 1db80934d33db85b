//! `POST /api/documents`: a document whose text is sent as JSON.

use crate::documents::accept::{accept, respond};
use crate::documents::fields::{check_metadata, check_title};
use crate::documents::types::{AcceptedDocumentResponse, WaitQuery};
use crate::extract::caller::{Caller, Ingest};
use crate::extract::{Json, Query};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use ragd_core::domain::{Collection, FileName, Sha256};
use ragd_core::error::{Error, Result};
use ragd_service::ingest::NewSource;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The longest URI, in bytes.
const MAX_URI_BYTES: usize = 2_048;
/// The extensions of text; other names get `.txt`, so that no other format is read from them.
const TEXT_EXTENSIONS: [&str; 3] = ["txt", "md", "markdown"];

/// A document to create from its text.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateDocumentRequest {
    #[schema(max_length = 500)]
    title: Option<String>,
    /// The text itself.
    #[schema(required = true)]
    text: Option<String>,
    /// Not supported: documents are not fetched from addresses.
    url: Option<String>,
    /// Where the text came from. A text with the URI of an earlier one is its new version.
    #[schema(max_length = 2048)]
    uri: Option<String>,
    /// A JSON object.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    #[schema(example = "default")]
    collection: Option<String>,
}

/// Creates a document from its text. With `?wait=true` the response comes when it is indexed (201) or
/// has failed (422).
#[utoipa::path(
    post, path = "/api/documents", tag = "documents",
    params(WaitQuery),
    request_body = CreateDocumentRequest,
    responses((status = 202, body = AcceptedDocumentResponse), (status = 201, body = AcceptedDocumentResponse))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    Query(wait): Query<WaitQuery>,
    Json(body): Json<CreateDocumentRequest>,
) -> Result<(StatusCode, axum::Json<AcceptedDocumentResponse>), Failure> {
    let wait = wait.is_set()?;
    let source = body.into_source(&caller)?;
    let accepted = accept(&state, &caller, source).await?;
    respond(&state, accepted, wait).await
}

impl CreateDocumentRequest {
    fn into_source(self, caller: &Caller<Ingest>) -> Result<NewSource> {
        if self.url.is_some() {
            let error = Error::invalid("url: documents are not fetched from addresses; send text");
            return Err(error.with_code("url_ingest_disabled"));
        }
        let text = self.text.filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| Error::invalid("text: must not be missing or empty"))?;
        let uri = check_uri(self.uri)?;
        let collection = self
            .collection
            .as_deref()
            .map(Collection::parse)
            .transpose()?;
        Ok(NewSource {
            owner: caller.principal.owner,
            collection: collection.unwrap_or_else(Collection::default_collection),
            filename: file_name(uri.as_deref(), &text)?,
            uri,
            title: check_title(self.title)?,
            metadata: check_metadata(self.metadata.unwrap_or(Value::Null))?,
            bytes: text.into_bytes(),
        })
    }
}

/// The last part of the URI. Without a URI the name is made of the text's hash, so that two texts are
/// two documents.
fn file_name(uri: Option<&str>, text: &str) -> Result<FileName> {
    let Some(uri) = uri else {
        let hash = Sha256::of(text.as_bytes()).to_hex();
        return FileName::parse(&format!("text-{}.txt", &hash[..16]));
    };
    let path = uri
        .split(['?', '#'])
        .next()
        .unwrap_or(uri)
        .trim_end_matches('/');
    let last = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = FileName::parse(last).map_err(|error| Error::invalid(format!("uri: {error}")))?;
    let extension = name.extension();
    if extension.is_some_and(|extension| TEXT_EXTENSIONS.contains(&extension.as_str())) {
        Ok(name)
    } else {
        FileName::parse(&format!("{last}.txt"))
    }
}

fn check_uri(uri: Option<String>) -> Result<Option<String>> {
    match uri {
        Some(uri)
            if uri.trim().is_empty()
                || uri.len() > MAX_URI_BYTES
                || uri.chars().any(char::is_control) =>
        {
            Err(Error::invalid(format!(
                "uri: must be 1 to {MAX_URI_BYTES} bytes, without control characters"
            )))
        }
        uri => Ok(uri),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_named_after_its_address_or_itself() {
        let name = |uri: Option<&str>| file_name(uri, "a text").map(|name| name.to_string());
        assert_eq!(
            name(Some("https://example.com/a/notes.md?x=1#y")).unwrap(),
            "notes.md"
        );
        assert_eq!(
            name(Some("https://example.com/report/")).unwrap(),
            "report.txt"
        );
        assert_eq!(name(Some("scan.pdf")).unwrap(), "scan.pdf.txt");
        assert!(name(Some("https://example.com/..")).is_err());
        let hashed = name(None).unwrap();
        assert!(
            hashed.starts_with("text-") && hashed.ends_with(".txt"),
            "{hashed}"
        );
        assert_ne!(hashed, file_name(None, "another").unwrap().to_string());
    }
}
