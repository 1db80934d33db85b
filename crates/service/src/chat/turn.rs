//! One turn of a conversation: a question with the room, the history, the permissions and the
//! provider route that its answer is made with. It is put together once and then only read.

use super::{Chat, ChatRequest};
use ragd_core::domain::{Message, Principal, ReadScope, Room};
use ragd_core::error::Result;
use ragd_llm::{Route, RouteRequest, Served};
use std::sync::Arc;

/// A question and what its answer depends on.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) request: ChatRequest,
    /// Where it is asked.
    pub(super) room: Room,
    /// What the caller may read.
    pub(super) read: ReadScope,
    /// The earlier messages, oldest first.
    pub(super) history: Vec<Message>,
    /// The providers that may answer.
    pub(super) route: Route,
    /// Whether the answer is wanted piece by piece.
    pub(super) streamed: bool,
}

impl Turn {
    /// The question's text.
    pub(super) fn question(&self) -> &str {
        self.request.question.as_str()
    }

    /// The conversation's id, as clients know it.
    pub(super) fn session_id(&self) -> String {
        match &self.room.session_key {
            Some(key) => key.as_str().to_owned(),
            None => self.room.id.to_string(),
        }
    }

    /// The route's first provider and model, for an answer that no upstream was called for.
    pub(super) fn requested(&self) -> Served {
        Served {
            provider: self.route.provider().to_owned(),
            model: self.route.model().to_owned(),
            ..Served::default()
        }
    }
}

impl Chat {
    /// Chooses the route, finds or creates the room, and reads its history.
    ///
    /// # Errors
    /// `Invalid` for a provider that is not configured; `NotFound` for a room or session that the
    /// caller does not have; `RateLimited` for a session limit; `Unavailable` without a database.
    pub(super) async fn open_turn(
        &self,
        caller: &Principal,
        request: ChatRequest,
        streamed: bool,
    ) -> Result<Arc<Turn>> {
        let route = self.parts.router.route(RouteRequest {
            provider: request.provider.as_deref(),
            model: request.model.as_deref(),
        })?;
        let opened = self.open_room(caller, &request).await?;
        let history = match &request.history {
            Some(given) => self.given_history(&opened.room, given),
            None if opened.is_new => Vec::new(),
            None => self.history(&opened.room).await?,
        };
        Ok(Arc::new(Turn {
            request,
            room: opened.room,
            read: caller.read_scope(),
            history,
            route,
            streamed,
        }))
    }
}
