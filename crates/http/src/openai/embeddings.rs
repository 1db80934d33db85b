//! `POST /v1/embeddings`: vectors of ragd's own embedding model, or of a provider's.

use super::body::Written;
use super::failure::{no_model, of_route};
use super::types::{EmbeddingRequest, EmbeddingResponse};
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ragd_core::error::{Error, Result};
use ragd_embed::{Embedder, text_of_tokens};
use ragd_llm::{ChatRequest, RouteRequest};
use ragd_service::app::App;
use serde::Deserialize;
use serde_json::{Value, json};

/// The most texts of one request, as with OpenAI.
const MAX_INPUTS: usize = 2_048;
/// Names of ragd's own embedding model.
const OWN_NAMES: [&str; 2] = ["ragd", "local"];

/// The input: a text, texts, or the same as token ids of OpenAI's `cl100k_base`, which its clients may
/// send.
#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<u32>),
    TokenLists(Vec<Vec<u32>>),
}

/// Embeds texts, in the form of OpenAI's API.
///
/// `model`: the id of ragd's own model (`GET /v1/models`), or `provider/model`. `input`: a text, a
/// list of up to 2048 texts, or token ids of `cl100k_base` in their place. `encoding_format`: `float`
/// (the default) or `base64` (f32, little-endian).
#[utoipa::path(
    post, path = "/v1/embeddings", tag = "openai",
    request_body = EmbeddingRequest,
    responses((status = 200, body = EmbeddingResponse))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    _caller: Caller<Chat>,
    disclosure: Disclosure,
    Written(written): Written,
) -> Result<Response<Body>, Failure> {
    let request = written.request;
    let model = match request.model.as_deref() {
        None | Some("") => return Err(Error::invalid("model: must be given").into()),
        Some(model) => model,
    };
    if let Some(embedder) = own(&state.app, model)? {
        return Ok(axum::Json(make(&embedder, &request).await?).into_response());
    }
    let wish = RouteRequest {
        provider: None,
        model: Some(model),
    };
    let route = state.app.router().route(wish)?;
    if route.calls_no_provider() && route.ends_extractive() {
        return Err(no_model(&format!(
            "model: there is no '{model}' (GET /v1/models lists what there is)"
        )));
    }
    let router = state.app.router();
    let made = router
        .embeddings(&route.without_fallbacks(), &request)
        .await;
    let (body, served) = made.map_err(of_route)?;
    let mut response = Response::new(Body::from(body));
    *response.headers_mut() = disclosure.headers(&served, &state.metrics);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// ragd's own embedder, if `model` names it.
fn own(app: &App, model: &str) -> Result<Option<Embedder>> {
    let embedder = app.embedder();
    let is_own = OWN_NAMES.contains(&model)
        || embedder.as_ref().is_some_and(|embedder| {
            let id = embedder.model_id();
            // The id is the model's name, followed by what else decides its vectors.
            id == model
                || id
                    .strip_prefix(model)
                    .is_some_and(|rest| rest.starts_with([':', '@']))
        });
    match embedder {
        Some(embedder) if is_own => Ok(Some(embedder)),
        None if is_own => {
            let reason = app.embedding_trouble().unwrap_or_default();
            Err(Error::unavailable(format!("no embedding model: {reason}")))
        }
        _ => Ok(None),
    }
}

async fn make(embedder: &Embedder, request: &ChatRequest) -> Result<Value> {
    let texts = texts(request)?;
    let as_base64 = match request.field("encoding_format") {
        None | Some("null" | "\"float\"") => false,
        Some("\"base64\"") => true,
        Some(_) => return Err(Error::invalid("encoding_format: must be float or base64")),
    };
    let dimension = embedder.dimension();
    match request.field("dimensions") {
        None | Some("null") => {}
        Some(wanted) if wanted.parse() == Ok(dimension) => {}
        Some(_) => {
            return Err(Error::invalid(format!(
                "dimensions: this model's vectors have {dimension}"
            )));
        }
    }
    // An estimate: four bytes a token.
    let tokens: usize = texts.iter().map(|text| text.len().div_ceil(4)).sum();
    let vectors = embedder.embed_at_once(texts).await?;
    let data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| {
            let embedding = if as_base64 {
                let bytes: Vec<u8> = vector
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                json!(STANDARD.encode(bytes))
            } else {
                json!(vector)
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    Ok(json!({
        "object": "list",
        "data": data,
        "model": embedder.model_id(),
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    }))
}

fn texts(request: &ChatRequest) -> Result<Vec<String>> {
    let json = request.field("input").unwrap_or("null");
    let input: Input = serde_json::from_str(json).map_err(|_| {
        Error::invalid("input: must be a text, a list of texts, or token ids of cl100k_base")
    })?;
    let texts = match input {
        Input::Text(text) => vec![text],
        Input::Texts(texts) => texts,
        Input::Tokens(ids) => vec![of_tokens(&ids)?],
        Input::TokenLists(lists) => lists
            .iter()
            .map(|ids| of_tokens(ids))
            .collect::<Result<_>>()?,
    };
    if texts.is_empty() || texts.len() > MAX_INPUTS {
        let message = format!(
            "input: must be 1 to {MAX_INPUTS} texts, not {}",
            texts.len()
        );
        return Err(Error::invalid(message));
    }
    if texts.iter().any(String::is_empty) {
        return Err(Error::invalid("input: an empty text has no vector"));
    }
    Ok(texts)
}

fn of_tokens(ids: &[u32]) -> Result<String> {
    text_of_tokens(ids)
        .ok_or_else(|| Error::invalid("input: these are not token ids of cl100k_base"))
}
