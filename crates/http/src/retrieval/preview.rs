//! `GET /api/admin/memory/preview`: what retrieval finds for a question, with every part of every score,
//! for operators.

use crate::extract::caller::{Admin, Caller};
use crate::extract::{Query, parsed};
use crate::failure::problem::Failure;
use crate::retrieval::types::RetrievalResponse;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use ragd_core::domain::{OwnerId, PassageId, ReadScope, Room, RoomId, SearchQuery, TopK};
use ragd_core::error::{Error, Result};
use ragd_service::retrieval::{RetrievalRequest, RetrievalScope};
use serde::Deserialize;
use utoipa::IntoParams;

/// What to search for, and where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemoryPreviewQuery {
    /// The question.
    #[param(required = true, min_length = 1, max_length = 8000)]
    q: Option<String>,
    /// The room whose memory is searched, as its owner sees it.
    #[param(value_type = Uuid, required = false)]
    room_id: Option<String>,
    /// `memory` (the default with a room), `documents` (the default without) or `all`.
    #[param(required = false)]
    scope: Option<String>,
    /// A passage: the response explains why it is, or is not, in the list.
    #[param(value_type = Uuid, required = false)]
    explain: Option<String>,
    /// The most results.
    #[param(value_type = i64, minimum = 1, maximum = 100, required = false)]
    top_k: Option<String>,
    /// The same as `top_k`.
    #[param(value_type = i64, minimum = 1, maximum = 100, required = false)]
    limit: Option<String>,
}

/// Searches for a question; returns scored and ranked passages.
#[utoipa::path(
    get, path = "/api/admin/memory/preview", tag = "admin",
    params(MemoryPreviewQuery),
    responses((status = 200, body = RetrievalResponse))
)]
pub(crate) async fn preview(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Query(query): Query<MemoryPreviewQuery>,
) -> Result<Json<RetrievalResponse>, Failure> {
    let room = match &query.room_id {
        Some(id) => Some(find_room(&state, id).await?),
        None => None,
    };
    let owner = room
        .as_ref()
        .map_or(caller.principal.owner, |room| room.owner);
    let rooms = match &room {
        Some(room) => Some(state.app.store().room_and_above(room.id, owner).await?),
        None => None,
    };
    let default_limit = state.app.config().retrieval.return_topn;
    let mut request = query.request(owner, rooms, default_limit)?;
    let asked = request.query.clone();
    if let Some(room) = &room {
        request.query = searched_in(&state, room, asked.clone()).await?;
    }
    let explain = parsed(
        "explain",
        query.explain.as_deref(),
        PassageId::parse,
        "a passage's id (a UUID)",
    )?;
    let retrieval = state.app.retrieval();
    let found = retrieval.search(&request).await?;
    let explanation = match explain {
        Some(passage) => Some(retrieval.explain(&request, &found, passage).await?),
        None => None,
    };
    let room_id = room.map(|room| room.id.uuid());
    Ok(Json(RetrievalResponse::new(
        room_id,
        asked.as_str(),
        request.query.as_str(),
        found,
        explanation,
    )))
}

/// What a question in a room is searched as: how it stands without the room's last turns.
pub(super) async fn searched_in(
    state: &AppState,
    room: &Room,
    asked: SearchQuery,
) -> Result<SearchQuery> {
    let searched = state.app.chat().searched_in(room, asked.as_str()).await?;
    Ok(SearchQuery::parse("q", &searched).unwrap_or(asked))
}

impl MemoryPreviewQuery {
    fn request(
        &self,
        owner: OwnerId,
        rooms: Option<Vec<RoomId>>,
        default_limit: usize,
    ) -> Result<RetrievalRequest> {
        let scope = parsed(
            "scope",
            self.scope.as_deref(),
            RetrievalScope::parse,
            "'memory', 'documents' or 'all'",
        )?;
        let default_scope = if rooms.is_some() {
            RetrievalScope::Memory
        } else {
            RetrievalScope::Documents
        };
        Ok(RetrievalRequest {
            query: SearchQuery::parse("q", self.q.as_deref().unwrap_or_default())?,
            read: ReadScope {
                owner,
                collections: None,
            },
            collection: None,
            scope: scope.unwrap_or(default_scope),
            rooms,
            limit: self.limit()?.unwrap_or(default_limit),
        })
    }

    fn limit(&self) -> Result<Option<usize>> {
        let (field, text) = match &self.top_k {
            Some(text) => ("top_k", Some(text)),
            None => ("limit", self.limit.as_ref()),
        };
        let range = format!("a whole number between 1 and {}", TopK::MAX);
        let number = |text: &str| text.parse::<i64>().ok();
        let count = parsed(field, text.map(String::as_str), number, &range)?;
        count
            .map(|count| TopK::parse(field, count).map(TopK::get))
            .transpose()
    }
}

async fn find_room(state: &AppState, id: &str) -> Result<Room> {
    let unknown = || Error::not_found("there is no room with this id");
    let id = RoomId::parse(id).ok_or_else(unknown)?;
    state
        .app
        .store()
        .room_of_any_owner(id)
        .await?
        .ok_or_else(unknown)
}
