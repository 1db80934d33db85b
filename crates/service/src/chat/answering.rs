//! Answers a question as a whole: open the turn, get its draft, store question and answer. Streams
//! (`stream.rs`) share these steps, so that their answers are checked and stored like any other; so
//! are cached answers, and those that another caller asked for a moment before.

use super::answer::{Answer, StoredAnswer};
use super::draft::Draft;
use super::reply::ModelReply;
use super::source::RetrievedSources;
use super::turn::Turn;
use super::unfinished::Unfinished;
use super::{Chat, ChatRequest};
use futures_util::future::BoxFuture;
use ragd_core::domain::{MessageStatus, Principal};
use ragd_core::error::Result;
use std::sync::Arc;

impl Chat {
    /// Answers a question, checks the answer's citations and stores the turn.
    ///
    /// # Errors
    /// `Invalid` for a provider that is not configured; `Unavailable` (code `llm_unavailable`) when
    /// no provider answers, or without a database.
    pub fn turn<'a>(
        &'a self,
        caller: &'a Principal,
        request: ChatRequest,
    ) -> BoxFuture<'a, Result<Answer>> {
        Box::pin(async move {
            let stored = self.turn_with_message(caller, request).await?;
            Ok(stored.answer)
        })
    }

    /// As [`Chat::turn`], with the message that the answer was stored as.
    ///
    /// # Errors
    /// As [`Chat::turn`].
    pub fn turn_with_message<'a>(
        &'a self,
        caller: &'a Principal,
        request: ChatRequest,
    ) -> BoxFuture<'a, Result<StoredAnswer>> {
        Box::pin(async move {
            let turn = self.open_turn(caller, request, false).await?;
            let mut unfinished = Unfinished::of(self, &turn);
            let in_flight = self.join_draft(&turn).await;
            let drafted = match in_flight {
                Ok(in_flight) => {
                    let joined = in_flight.joined;
                    in_flight.wait().await.map(|draft| (draft, joined))
                }
                Err(error) => Err(error),
            };
            unfinished.end();
            let (draft, joined) = drafted?;
            self.begin_storing_answer(&turn, draft, joined)
                .stored()
                .await
        })
    }

    /// Stores question and answer; `joined`: another caller's question had begun the draft.
    ///
    /// # Errors
    /// `NotFound` when the room was deleted meanwhile; `Unavailable` without a database.
    pub(super) async fn store_answer(
        &self,
        turn: &Turn,
        draft: Arc<Draft>,
        joined: bool,
    ) -> Result<StoredAnswer> {
        if joined {
            self.count_hit();
        }
        let stored = self
            .store_turn(turn, draft, MessageStatus::Complete)
            .await?;
        let is_grounded = stored.answer.draft.grounded;
        let grounded = if is_grounded { "true" } else { "false" };
        let metrics = &self.parts.metrics;
        metrics.grounding.with_label_values(&[grounded]).inc();
        Ok(stored)
    }

    /// Stores what had come of a stream that broke off.
    pub(super) async fn store_partial(
        &self,
        turn: &Turn,
        retrieved: &RetrievedSources,
        text: String,
    ) {
        let reply = ModelReply::partial(turn, text);
        let stored = match self.checked(retrieved, reply).await {
            Ok(draft) => {
                let status = MessageStatus::Incomplete;
                self.store_turn(turn, Arc::new(draft), status)
                    .await
                    .map(drop)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            tracing::error!(error = error.chain(), "an incomplete answer was not stored");
        }
    }
}
