//! `/api/admin/index/reembed`: moves to another embedding model while the current one keeps serving.

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Admin, Caller};
use crate::extract::{OptionalJson, Whole};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use ragd_core::error::{Error, Result};
use ragd_service::app::{ReembedStage, ReembedState, ReembedStatus};
use ragd_service::config::{EmbeddingOverride, EmbeddingProvider};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most dimensions of a vector.
const MAX_DIMENSION: u32 = 16_384;
/// The longest model name and the longest address, in bytes.
const MAX_TEXT_BYTES: usize = 2_048;

/// The model to move to. An absent field keeps its configured value.
#[derive(Deserialize, ToSchema, Default)]
pub(crate) struct ReembedRequest {
    /// `local`, `openai`, `ollama` or `openai_compatible`.
    #[schema(example = "ollama")]
    provider: Option<String>,
    #[schema(example = "nomic-embed-text", max_length = 2048)]
    model: Option<String>,
    /// The number of dimensions; 0: as many as the model returns.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 16384)]
    dimension: Option<Whole<0, MAX_DIMENSION>>,
    /// The base address of the provider's API. A key is sent only to an address in the
    /// configuration.
    #[schema(max_length = 2048)]
    base_url: Option<String>,
}

/// The state of a re-embedding.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReembedResponse {
    /// `running`, `done` or `failed`.
    #[schema(value_type = String, example = "running")]
    state: ReembedState,
    /// `connect`, `embed`, `index`, `switch` or `tidy`.
    #[schema(value_type = String, example = "embed")]
    stage: ReembedStage,
    /// The model that served at the start.
    from: Option<String>,
    /// The new model, once the length of its vectors is known.
    to: Option<String>,
    /// How the new model is reached.
    source: String,
    /// Passages that the stage has processed.
    done: u64,
    /// Passages that the stage has to process.
    total: u64,
    /// Vectors that were made; the others existed already.
    embedded: u64,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    /// Why it failed; the vectors made so far are kept for the next attempt.
    error: Option<String>,
}

/// Starts to make the vectors of another model, and switches to it when all are made. The same request
/// during the work returns its state.
#[utoipa::path(
    post, path = "/api/admin/index/reembed", tag = "admin",
    request_body = Option<ReembedRequest>,
    responses((status = 202, body = ReembedResponse))
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    OptionalJson(body): OptionalJson<ReembedRequest>,
) -> Result<(StatusCode, Json<ReembedResponse>), Failure> {
    let change = body.unwrap_or_default().into_override()?;
    let status = state.app.begin_reembed(&change)?;
    let details = serde_json::json!({ "from": status.from, "to": status.to.to_string() });
    caller
        .audit(&state.app, AuditEvent::success("index.reembed", details))
        .await;
    Ok((StatusCode::ACCEPTED, Json(status.into())))
}

/// Gets the state of the last re-embedding since ragd started.
#[utoipa::path(
    get, path = "/api/admin/index/reembed", tag = "admin",
    responses((status = 200, body = ReembedResponse))
)]
pub(crate) async fn progress(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<ReembedResponse>, Failure> {
    let status = state.app.reembedding().borrow().clone();
    let nothing = || Error::not_found("there was no re-embedding since ragd started");
    Ok(Json(status.ok_or_else(nothing)?.into()))
}

impl ReembedRequest {
    fn into_override(self) -> Result<EmbeddingOverride> {
        let provider = match self.provider.as_deref() {
            None => None,
            Some(word) => Some(EmbeddingProvider::parse(word).ok_or_else(|| {
                let known = "local, openai, ollama or openai_compatible";
                Error::invalid(format!("provider: must be {known}"))
            })?),
        };
        Ok(EmbeddingOverride {
            provider,
            model: short("model", self.model)?,
            dimension: self.dimension.map(|number| number.0 as usize),
            base_url: short("base_url", self.base_url)?,
        })
    }
}

fn short(field: &str, text: Option<String>) -> Result<Option<String>> {
    match text {
        Some(text) if text.len() > MAX_TEXT_BYTES => Err(Error::invalid(format!(
            "{field}: must have at most {MAX_TEXT_BYTES} bytes, it has {}",
            text.len()
        ))),
        text => Ok(text),
    }
}

impl From<ReembedStatus> for ReembedResponse {
    fn from(status: ReembedStatus) -> Self {
        Self {
            state: status.state,
            stage: status.stage,
            from: status.from,
            to: status.model,
            source: status.to.to_string(),
            done: status.done,
            total: status.total,
            embedded: status.embedded,
            started_at: status.started_at,
            finished_at: status.finished_at,
            error: status.error,
        }
    }
}
