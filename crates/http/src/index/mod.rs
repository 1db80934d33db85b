//! `/api/admin/index`: the state of the index, and its rebuild from SQL.

pub(crate) mod reembed;

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Admin, Caller};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::error::Result;
use serde::Serialize;
use utoipa::ToSchema;

/// The state of the index.
#[derive(Serialize, ToSchema)]
pub(crate) struct IndexStatusResponse {
    /// `embedded`, or `qdrant` for a server.
    #[schema(example = "embedded")]
    engine: &'static str,
    /// Passages that the index holds.
    indexed_passages: usize,
    /// Current passages that SQL holds.
    stored_passages: i64,
    /// The number of segments that a search visits.
    segments: usize,
    /// The sequence number of the last durably applied change.
    position: i64,
    /// The sequence number of the newest change.
    head: i64,
    /// The average number of terms a passage that the BM25 weights are based on.
    average_terms: f32,
    /// The model of its vectors.
    #[schema(example = "all-MiniLM-L6-v2:int8:2")]
    embedding_model: Option<String>,
    /// Whether it is being optimised now.
    optimizing: bool,
    /// Whether it holds exactly the passages that SQL holds.
    sound: bool,
}

/// The outcome of a rebuild.
#[derive(Serialize, ToSchema)]
pub(crate) struct RebuildIndexResponse {
    /// Passages in the new index.
    passages: u64,
    /// Always 0: the vectors come from SQL.
    embedded: u64,
}

/// Gets the state of the index.
#[utoipa::path(
    get, path = "/api/admin/index", tag = "admin",
    responses((status = 200, body = IndexStatusResponse))
)]
pub(crate) async fn status(
    State(state): State<AppState>,
    _caller: Caller<Admin>,
) -> Result<Json<IndexStatusResponse>, Failure> {
    let index = state.app.follower().index();
    let health = index.health().await?;
    let stored = state.app.store().count_current_passages().await?;
    let head = state.app.store().change_log_head().await?;
    Ok(Json(IndexStatusResponse {
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

/// Builds a new index from SQL, without embedding anything, and replaces the old one.
#[utoipa::path(
    post, path = "/api/admin/index/rebuild", tag = "admin",
    responses((status = 200, body = RebuildIndexResponse))
)]
pub(crate) async fn rebuild(
    State(state): State<AppState>,
    caller: Caller<Admin>,
) -> Result<Json<RebuildIndexResponse>, Failure> {
    let passages = state.app.follower().rebuild(|_| {}).await?;
    let details = serde_json::json!({ "passages": passages });
    caller
        .audit(&state.app, AuditEvent::success("index.rebuild", details))
        .await;
    Ok(Json(RebuildIndexResponse {
        passages,
        embedded: 0,
    }))
}
