//! `/api/admin/index`: how the index stands, and its rebuild from SQL.

pub(crate) mod reembed;

use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::error::Result;
use serde::Serialize;
use utoipa::ToSchema;

/// How the index stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct IndexBody {
    /// `embedded`, or `qdrant` for a server.
    #[schema(example = "embedded")]
    engine: &'static str,
    /// Passages that the index holds.
    indexed_passages: usize,
    /// Current passages that SQL holds.
    stored_passages: i64,
    /// The parts that a search visits.
    segments: usize,
    /// The last change that is durably applied.
    position: i64,
    /// The last change there is.
    head: i64,
    /// The average number of terms that the BM25 weights were made for.
    average_terms: f32,
    /// The model whose vectors it holds.
    #[schema(example = "all-MiniLM-L6-v2:int8:2")]
    embedding_model: Option<String>,
    /// Whether it is being optimised now.
    optimizing: bool,
    /// Whether it holds what SQL holds.
    sound: bool,
}

/// How a rebuild ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct RebuildBody {
    /// Passages in the new index.
    passages: u64,
    /// Vectors that had to be made: none, they come from SQL.
    embedded: u64,
}

/// How the index stands.
#[utoipa::path(
    get, path = "/api/admin/index", tag = "admin",
    responses((status = 200, body = IndexBody))
)]
pub(crate) async fn status(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<IndexBody>, Failure> {
    let index = state.app.follower().index();
    let health = index.health().await?;
    let stored = state.app.store().count_current_passages().await?;
    let head = state.app.store().change_log_head().await?;
    Ok(Json(IndexBody {
        engine: index.engine(),
        indexed_passages: health.passages,
        stored_passages: stored,
        segments: health.segments,
        position: health.position.sequence,
        head,
        average_terms: health.built_average_terms,
        embedding_model: state.app.follower().space().map(|space| space.model),
        optimizing: health.optimizing,
        sound: i64::try_from(health.passages).is_ok_and(|indexed| indexed == stored),
    }))
}

/// Fills a new index from SQL, without embedding anything, and puts it in the old one's place.
#[utoipa::path(
    post, path = "/api/admin/index/rebuild", tag = "admin",
    responses((status = 200, body = RebuildBody))
)]
pub(crate) async fn rebuild(
    State(state): State<AppState>,
    caller: Caller<Admin>,
) -> Result<Json<RebuildBody>, Failure> {
    let passages = state.app.follower().rebuild(|_| {}).await?;
    let details = serde_json::json!({ "passages": passages });
    caller.audit(&state.app, "index.rebuild", details).await;
    Ok(Json(RebuildBody {
        passages,
        embedded: 0,
    }))
}
