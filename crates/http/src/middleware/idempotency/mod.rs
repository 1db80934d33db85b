//! `Idempotency-Key`: a request that is repeated with its key gets the first response again, and its work
//! is done once. The middleware works on the routes listed here and on no other. It authenticates the
//! caller before it reads the body; the handler does not authenticate again.

mod fingerprint;
mod ledger;
mod recorded;

use crate::documents::upload_form::max_form_bytes;
use crate::extract::body_within;
use crate::extract::caller::{Authenticated, authenticate, require};
use crate::failure::openai::{as_openai, is_openai};
use crate::failure::problem::{Failure, PROBLEM_JSON};
use crate::middleware::RequestId;
use crate::state::AppState;
use crate::stream::end::StreamEnd;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fingerprint::fingerprint;
use ledger::{Answered, Claim, Ledger, Name, Standing};
use ragd_core::domain::{OwnerId, Scope};
use ragd_core::error::{Error, ErrorKind};
use recorded::{media_type, recorded};
use std::sync::Arc;

/// The header that identifies a request.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of a replayed response.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The routes that accept a key, all with POST, and the scope that each requires.
const ROUTES: [(&str, Scope); 13] = [
    ("/chat", Scope::Chat),
    ("/chat/stream", Scope::Chat),
    ("/chat/completions", Scope::Chat),
    ("/api/chat/completions", Scope::Chat),
    ("/api/rooms/{id}/messages", Scope::Chat),
    ("/api/rooms/{id}/messages/stream", Scope::Chat),
    ("/api/rag/query", Scope::Chat),
    (COMPLETIONS, Scope::Chat),
    (EMBEDDINGS, Scope::Chat),
    ("/ingest", Scope::Ingest),
    ("/api/documents/ingest", Scope::Ingest),
    (UPLOAD, Scope::Ingest),
    ("/api/documents", Scope::Ingest),
];
const UPLOAD: &str = "/api/documents/upload";
const COMPLETIONS: &str = "/v1/chat/completions";
const EMBEDDINGS: &str = "/v1/embeddings";
const MAX_KEY_CHARS: usize = 255;
/// When to retry while the first request is running, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Whether `POST path` accepts a key.
pub(crate) fn takes_key(path: &str) -> bool {
    scope_of(path).is_some()
}

fn scope_of(path: &str) -> Option<Scope> {
    let route = ROUTES.iter().find(|(route, _)| *route == path);
    route.map(|(_, scope)| *scope)
}

/// The middleware function.
pub(crate) async fn once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let scope = route.as_ref().and_then(|route| scope_of(route.as_str()));
    let is_keyed =
        request.method() == Method::POST && request.headers().contains_key(IDEMPOTENCY_KEY);
    let (Some(route), Some(scope), true) = (route, scope, is_keyed) else {
        return next.run(request).await;
    };
    let response = Keyed::authenticated(state, request, route.as_str(), scope).await;
    let response = match response {
        Ok((keyed, request)) => keyed.run(request, next).await,
        Err(refused) => Err(refused),
    };
    response.unwrap_or_else(IntoResponse::into_response)
}

/// A request with a key, whose caller is authenticated.
struct Keyed {
    state: AppState,
    owner: OwnerId,
    route: String,
    /// The path itself: a key of a room's route counts for that room.
    path: String,
}

impl Keyed {
    /// Authenticates the caller, and puts the principal into the request for the handler.
    ///
    /// # Errors
    /// The failures of [`Caller`](crate::extract::caller::Caller).
    async fn authenticated(
        state: AppState,
        request: Request,
        route: &str,
        scope: Scope,
    ) -> Result<(Self, Request), Failure> {
        let (mut parts, body) = request.into_parts();
        let principal = authenticate(&parts, &state).await?;
        require(Some(scope), &principal)?;
        let keyed = Self {
            state,
            owner: principal.owner,
            path: parts.uri.path().to_owned(),
            route: route.to_owned(),
        };
        parts.extensions.insert(Authenticated(principal));
        Ok((keyed, Request::from_parts(parts, body)))
    }

    async fn run(&self, request: Request, next: Next) -> Result<Response, Failure> {
        let key = key_of(request.headers())?;
        let (parts, body) = request.into_parts();
        let body = body_within(body, self.max_body_bytes())
            .await?
            .ok_or_else(|| self.too_large())?;
        let name = Name::of(self.owner, &self.path, &key);
        let standing = Ledger::of(&self.state.app)
            .claim(name, fingerprint(&parts, &body).await)
            .await?;
        let id = parts.extensions.get::<RequestId>().cloned();
        let request = Request::from_parts(parts, Body::from(body));
        match standing {
            Standing::Mine(claim) => {
                let response = next.run(request).await;
                Ok(settled(*claim, response, id, is_openai(&self.route)).await)
            }
            Standing::Unguarded => Ok(next.run(request).await),
            Standing::Answered(answered) => replay(answered),
            Standing::UnderWay => Ok(under_way()),
            Standing::Reused => {
                let message = "Idempotency-Key: was used for another request; a key is for one \
                               request, sent again as it was";
                Err(Error::invalid(message)
                    .with_code("idempotency_key_reused")
                    .into())
            }
        }
    }

    /// The largest body that the route's handler accepts.
    fn max_body_bytes(&self) -> usize {
        let config = self.state.app.config();
        if self.route == UPLOAD {
            max_form_bytes(&config.ingest)
        } else if is_openai(&self.route) {
            config.llm.max_body_megabytes << 20
        } else {
            config.server.max_body_kilobytes * 1_024
        }
    }

    fn too_large(&self) -> Failure {
        let config = self.state.app.config();
        let error = if self.route == UPLOAD {
            let megabytes = config.ingest.max_upload_megabytes;
            let message = format!("file: must be at most {megabytes} MB (MAX_UPLOAD_MEGABYTES)");
            Error::new(ErrorKind::TooLarge, message).with_code("file_too_large")
        } else if is_openai(&self.route) {
            let megabytes = config.llm.max_body_megabytes;
            let message =
                format!("the request body must be at most {megabytes} MB (llm.max_body_megabytes)");
            Error::new(ErrorKind::TooLarge, message)
        } else {
            let kilobytes = config.server.max_body_kilobytes;
            let message = format!(
                "the request body must be at most {kilobytes} KiB (server.max_body_kilobytes)"
            );
            Error::new(ErrorKind::TooLarge, message)
        };
        error.into()
    }
}

/// # Errors
/// `Invalid` that names the header.
fn key_of(headers: &HeaderMap) -> Result<String, Failure> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) => key.as_bytes(),
        _ => return Err(Error::invalid("Idempotency-Key: there must be only one").into()),
    };
    let is_visible = key.iter().all(u8::is_ascii_graphic);
    if !is_visible || !(1..=MAX_KEY_CHARS).contains(&key.len()) {
        let message =
            format!("Idempotency-Key: must be 1 to {MAX_KEY_CHARS} visible ASCII characters");
        return Err(Error::invalid(message).into());
    }
    Ok(String::from_utf8_lossy(key).into_owned())
}

/// Keeps a response that would be the same again; releases the key after any other.
async fn settled(
    claim: Claim,
    response: Response,
    id: Option<RequestId>,
    is_openai: bool,
) -> Response {
    if !is_final(response.status()) {
        claim.release().await;
        return response;
    }
    let status = response.status();
    if let Some(end) = response.extensions().get::<StreamEnd>().cloned() {
        return recorded(claim, response, end);
    }
    // A failure has no body yet: the outermost middleware writes it.
    let failure = response.extensions().get::<Arc<Failure>>().cloned();
    if let Some(failure) = failure {
        let answered = if is_openai {
            let (status, body) = as_openai(&failure);
            Answered::new(status, "application/json", &body)
        } else {
            let id = id.as_ref().map_or("", RequestId::as_str);
            Answered::new(status, PROBLEM_JSON, &failure.to_json(id))
        };
        claim.keep(answered).await;
        return response;
    }
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(body) => {
            let media_type = media_type(&parts);
            claim.keep(Answered::new(status, media_type, &body)).await;
            Response::from_parts(parts, Body::from(body))
        }
        Err(error) => {
            let error = Error::internal("a response broke off").with_source(error);
            Failure::from(error).into_response()
        }
    }
}

/// Whether the same request would get this response again. Responses that depend on the caller, on other
/// requests or on the state of ragd are not final.
fn is_final(status: StatusCode) -> bool {
    const TRANSIENT: [StatusCode; 6] = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_success() || (status.is_client_error() && !TRANSIENT.contains(&status))
}

fn replay(answered: Answered) -> Result<Response, Failure> {
    let unreadable = || Error::internal("a kept response cannot be sent");
    let status = StatusCode::from_u16(answered.status).map_err(|_| unreadable())?;
    let media_type = HeaderValue::from_str(&answered.media_type).map_err(|_| unreadable())?;
    let mut response = (status, answered.body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn under_way() -> Response {
    let message = "Idempotency-Key: the first request with this key is still under way";
    let error = Error::new(ErrorKind::Conflict, message).with_code("idempotency_in_flight");
    let mut response = Failure::from(error).into_response();
    let wait = HeaderValue::from(RETRY_AFTER_SECONDS);
    response.headers_mut().insert(RETRY_AFTER, wait);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_line_of_visible_characters() {
        let parse = |keys: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for key in keys {
                headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(key).unwrap());
            }
            key_of(&headers)
        };
        assert_eq!(parse(&[b"8e03978e-40d5"]).unwrap(), "8e03978e-40d5");
        assert_eq!(parse(&[&[b'k'; 255]]).unwrap().len(), 255);
        let refused: [&[&[u8]]; 5] = [
            &[b""],
            &[&[b'k'; 256]],
            &[b"a b"],
            &[b"\xe4"],
            &[b"a", b"a"],
        ];
        for keys in refused {
            let failure = parse(keys).unwrap_err();
            assert_eq!(failure.status(), StatusCode::UNPROCESSABLE_ENTITY);
            assert!(failure.detail().contains("Idempotency-Key"));
        }
    }

    #[test]
    fn what_may_change_is_not_final() {
        for (status, expected) in [
            (200, true),
            (202, true),
            (400, true),
            (404, true),
            (422, true),
            (401, false),
            (409, false),
            (429, false),
            (500, false),
            (503, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(is_final(status), expected, "{status}");
        }
    }
}
