//! What becomes of a turn whose caller goes: the question is stored with the part of the answer that was
//! sent, and an answer that is complete is stored as such. Both on tasks of their own, because the
//! caller's task ends with the caller; a shutdown waits for them.

use super::Chat;
use super::answer::StoredAnswer;
use super::draft::Draft;
use super::source::RetrievedSources;
use super::turn::Turn;
use ragd_core::error::{Error, Result};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tracing::Instrument;

/// A turn whose answer is being made. Dropped, it stores what has come of it.
pub(super) struct Unfinished {
    chat: Chat,
    /// `None` once the turn has ended.
    turn: Option<Arc<Turn>>,
    pub(super) retrieved: Option<Arc<RetrievedSources>>,
    /// What the caller was sent of the answer.
    pub(super) sent: String,
}

impl Unfinished {
    pub(super) fn of(chat: &Chat, turn: &Arc<Turn>) -> Self {
        Self {
            chat: chat.clone(),
            turn: Some(Arc::clone(turn)),
            retrieved: None,
            sent: String::new(),
        }
    }

    /// The turn has ended: nothing is left to store.
    pub(super) fn end(&mut self) {
        self.turn = None;
    }
}

impl Unfinished {
    /// Begins to store the question and the part that was sent; `None` when the turn has ended.
    pub(super) fn begin_storing(&mut self) -> Option<JoinHandle<()>> {
        let turn = self.turn.take()?;
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let chat = self.chat.clone();
        let retrieved = self.retrieved.take();
        let sent = std::mem::take(&mut self.sent);
        let storing = async move {
            let nothing = RetrievedSources::default();
            let retrieved = retrieved.as_deref().unwrap_or(&nothing);
            chat.store_partial(&turn, retrieved, sent).await;
        };
        let storing = storing.in_current_span();
        Some(self.chat.detached.spawn_on(storing, &runtime))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.begin_storing().is_some() {
            tracing::info!("the client left before the answer was complete");
        }
    }
}

impl Chat {
    /// Begins to store question and answer, as [`Chat::store_answer`] does.
    pub(super) fn begin_storing_answer(
        &self,
        turn: &Arc<Turn>,
        draft: Arc<Draft>,
        joined: bool,
    ) -> Storing {
        let (chat, turn) = (self.clone(), Arc::clone(turn));
        let storing = async move { chat.store_answer(&turn, draft, joined).await };
        Storing(self.detached.spawn(storing.in_current_span()))
    }

    /// Waits until what callers left behind is stored.
    pub async fn settle(&self) {
        self.detached.close();
        self.detached.wait().await;
    }
}

/// An answer that is being stored, to the end also when nobody waits for it.
pub(super) struct Storing(JoinHandle<Result<StoredAnswer>>);

impl Storing {
    /// Waits until it is stored.
    ///
    /// # Errors
    /// As [`Chat::store_answer`]; `Internal` when the task was ended.
    pub(super) async fn stored(self) -> Result<StoredAnswer> {
        let interrupted =
            |error| Error::internal("storing the answer was interrupted").with_source(error);
        self.0.await.map_err(interrupted)?
    }
}
