//! `GET /v1/models`: `ragd`, the model of each provider, the embedding model.

use super::failure::no_model;
use super::question::RAGD;
use crate::extract::caller::{Caller, Chat};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

/// A model.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelResponse {
    #[schema(example = "openai/gpt-4o-mini")]
    id: String,
    /// Always `model`.
    object: &'static str,
    /// Seconds since 1970.
    created: i64,
    /// The provider, or `ragd`.
    owned_by: String,
}

/// The models.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelListResponse {
    /// Always `list`.
    object: &'static str,
    data: Vec<ModelResponse>,
}

/// Lists the models: `ragd` answers from the documents, `provider/model` is passed to its provider. A
/// provider may have more models than the listed one; each can be requested by its name.
#[utoipa::path(
    get, path = "/v1/models", tag = "openai",
    responses((status = 200, body = ModelListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    _caller: Caller<Chat>,
) -> Json<ModelListResponse> {
    Json(ModelListResponse {
        object: "list",
        data: models(&state),
    })
}

/// Gets a model.
#[utoipa::path(
    get, path = "/v1/models/{*model}", tag = "openai",
    params(("model" = String, Path)),
    responses((status = 200, body = ModelResponse))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    _caller: Caller<Chat>,
    Path(id): Path<String>,
) -> Result<Json<ModelResponse>, Failure> {
    let found = models(&state).into_iter().find(|model| model.id == id);
    found.map(Json).ok_or_else(|| {
        let shown: String = id.chars().take(256).collect();
        no_model(&format!(
            "model: there is no '{shown}' (GET /v1/models lists what there is)"
        ))
    })
}

fn models(state: &AppState) -> Vec<ModelResponse> {
    let created = state.app.clock().now().timestamp();
    let model = |id: String, owned_by: &str| ModelResponse {
        id,
        object: "model",
        created,
        owned_by: owned_by.to_owned(),
    };
    let mut models = vec![model(RAGD.to_owned(), RAGD)];
    for member in state.app.router().members() {
        let name = member.name();
        models.push(model(format!("{name}/{}", member.model()), name));
    }
    models.push(model("extractive".to_owned(), RAGD));
    if let Some(embedder) = state.app.embedder() {
        models.push(model(embedder.model_id().to_owned(), RAGD));
    }
    models
}
