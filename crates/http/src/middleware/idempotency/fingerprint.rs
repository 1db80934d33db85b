//! The fingerprint of a request: its query and its body. A form counts part by part, because its boundary
//! differs each time it is sent.

use crate::documents::upload_form::MAX_PARTS;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use ragd_core::domain::Sha256;
use serde_json::json;

/// The request's fingerprint, in hexadecimal.
pub(super) async fn fingerprint(parts: &Parts, body: &Bytes) -> String {
    let body = match of_form(parts, body).await {
        Some(of_parts) => of_parts,
        None => Sha256::of(body).to_hex(),
    };
    let whole = json!([parts.uri.query(), body]).to_string();
    Sha256::of(whole.as_bytes()).to_hex()
}

/// The parts of a form; `None` for other bodies and malformed forms.
async fn of_form(parts: &Parts, body: &Bytes) -> Option<String> {
    let media_type = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if !media_type.starts_with("multipart/form-data") {
        return None;
    }
    let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        if fields.len() == MAX_PARTS {
            return None;
        }
        let name = field.name().map(str::to_owned);
        let file_name = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.ok()?;
        fields.push(json!([name, file_name, Sha256::of(&bytes).to_hex()]));
    }
    Some(json!(fields).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(query: &str, media_type: &str, body: &str) -> String {
        let request = Request::builder()
            .uri(format!("/api/documents/upload{query}"))
            .header(CONTENT_TYPE, media_type);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        fingerprint(&parts, &Bytes::from(body.to_owned())).await
    }

    async fn of_file(boundary: &str, name: &str, text: &str) -> String {
        let media_type = format!("multipart/form-data; boundary={boundary}");
        let body = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n\
             {text}\r\n--{boundary}--\r\n"
        );
        of("", &media_type, &body).await
    }

    #[tokio::test]
    async fn a_forms_boundary_is_no_difference_and_its_parts_are() {
        let first = of_file("one", "a.txt", "text").await;
        assert_eq!(first, of_file("two", "a.txt", "text").await);
        assert_ne!(first, of_file("two", "b.txt", "text").await);
        assert_ne!(first, of_file("two", "a.txt", "other").await);
    }

    #[tokio::test]
    async fn any_other_body_is_compared_as_it_is_with_its_query() {
        let first = of("", "application/json", "{}").await;
        assert_eq!(first, of("", "application/json", "{}").await);
        assert_ne!(first, of("", "application/json", "{ }").await);
        assert_ne!(first, of("?wait=true", "application/json", "{}").await);
    }
}
