//! `POST /api/documents`: a text, sent as JSON.

use crate::documents::types::{AcceptedBody, Wait, answer};
use crate::documents::upload::take_in;
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

/// The longest title, in characters.
const MAX_TITLE_CHARS: usize = 500;
/// The longest address, in bytes.
const MAX_URI_BYTES: usize = 2_048;
/// The most that a caller may store with a document, in bytes of JSON.
const MAX_METADATA_BYTES: usize = 16 * 1_024;
/// Names with other endings would be taken for another format.
const TEXT_EXTENSIONS: [&str; 3] = ["txt", "md", "markdown"];

/// A text to take in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TextBody {
    #[schema(max_length = 500)]
    title: Option<String>,
    /// The text itself.
    #[schema(required = true)]
    text: Option<String>,
    /// Not in this version.
    url: Option<String>,
    /// Where it came from; the same address again is a new version.
    #[schema(max_length = 2048)]
    uri: Option<String>,
    /// A JSON object.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    #[schema(example = "default")]
    collection: Option<String>,
}

/// Takes a text in. `?wait=true` answers when it is indexed (201) or failed (422).
#[utoipa::path(
    post, path = "/api/documents", tag = "documents",
    params(Wait),
    request_body = TextBody,
    responses((status = 202, body = AcceptedBody), (status = 201, body = AcceptedBody))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    caller: Caller<Ingest>,
    Query(wait): Query<Wait>,
    Json(body): Json<TextBody>,
) -> Result<(StatusCode, axum::Json<AcceptedBody>), Failure> {
    let wait = wait.is_asked()?;
    let source = body.into_source(&caller)?;
    let accepted = take_in(&state, &caller, source).await?;
    answer(&state, accepted, wait).await
}

impl TextBody {
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

/// The last part of the address; without an address, a name made of the text, so that two texts
/// are two documents.
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

/// A title within its limit; an empty one is none.
pub(crate) fn check_title(title: Option<String>) -> Result<Option<String>> {
    let Some(title) = title else { return Ok(None) };
    let title = title.trim();
    if title.chars().count() > MAX_TITLE_CHARS || title.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "title: must be at most {MAX_TITLE_CHARS} characters, none of them control characters"
        )));
    }
    Ok((!title.is_empty()).then(|| title.to_owned()))
}

/// Metadata within its limit; none is an empty object.
pub(crate) fn check_metadata(metadata: Value) -> Result<Value> {
    match metadata {
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        metadata if !metadata.is_object() => Err(Error::invalid("metadata: must be a JSON object")),
        metadata if metadata.to_string().len() > MAX_METADATA_BYTES => Err(Error::invalid(
            format!("metadata: must be at most {MAX_METADATA_BYTES} bytes of JSON"),
        )),
        metadata => Ok(metadata),
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
