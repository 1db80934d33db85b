//! `POST /api/rag/query`: what retrieval finds for a question in a caller's room.

use crate::extract::caller::{Caller, Chat};
use crate::extract::{Json, PathId, Whole, parsed};
use crate::failure::problem::Failure;
use crate::retrieval::types::RetrievalResponse;
use crate::state::AppState;
use axum::extract::State;
use ragd_core::domain::{RoomId, SearchQuery, TopK};
use ragd_core::error::Result;
use ragd_service::retrieval::{RetrievalRequest, RetrievalScope};
use serde::Deserialize;
use utoipa::ToSchema;

/// A question to search a room for.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RagQueryRequest {
    /// A room of the caller's; its parent rooms are searched too.
    #[schema(value_type = Uuid)]
    room_id: String,
    #[schema(min_length = 1, max_length = 8000)]
    query: String,
    /// The most results.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    top_k: Option<Whole<1, 100>>,
    /// `memory` (the default), `documents` or `all`.
    scope: Option<String>,
}

/// Searches a room for a question; returns scored and ranked passages.
#[utoipa::path(
    post, path = "/api/rag/query", tag = "rooms",
    request_body = RagQueryRequest,
    responses((status = 200, body = RetrievalResponse))
)]
pub(crate) async fn query(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Json(body): Json<RagQueryRequest>,
) -> Result<axum::Json<RetrievalResponse>, Failure> {
    let query = SearchQuery::parse("query", &body.query)?;
    let scope = parsed(
        "scope",
        body.scope.as_deref(),
        RetrievalScope::parse,
        "'memory', 'documents' or 'all'",
    )?;
    let top_k = body
        .top_k
        .map(|Whole(count)| TopK::parse("top_k", count.into()))
        .transpose()?;
    let id = RoomId::parse(&body.room_id).ok_or_else(PathId::<RoomId>::not_found)?;
    let owner = caller.principal.owner;
    let rooms = state.app.store().room_and_above(id, owner).await?;
    if rooms.is_empty() {
        return Err(PathId::<RoomId>::not_found().into());
    }
    let default_limit = state.app.config().retrieval.return_topn;
    let request = RetrievalRequest {
        query,
        read: caller.principal.read_scope(),
        collection: None,
        scope: scope.unwrap_or(RetrievalScope::Memory),
        rooms: Some(rooms),
        limit: top_k.map_or(default_limit, TopK::get),
    };
    let found = state.app.retrieval().search(&request).await?;
    let query = request.query.as_str();
    let body = RetrievalResponse::new(Some(id.uuid()), query, query, found, None);
    Ok(axum::Json(body))
}
