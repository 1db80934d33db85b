//! The progress of a re-embedding, as the admin route and the command line show it.

use crate::config::EmbeddingSource;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// The machine-readable code of an error that says that another re-embedding is under way.
pub const CODE_REEMBEDDING: &str = "reembedding_under_way";

/// The state of a re-embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReembedState {
    /// It is under way.
    Running,
    /// The new model serves.
    Done,
    /// It ended with an error; the former model serves, and what was made is kept.
    Failed,
}

/// The stage of a re-embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReembedStage {
    /// Asking the new model for the length of its vectors.
    Connect,
    /// Making vectors.
    Embed,
    /// Filling the second index.
    Index,
    /// Switching to the second index.
    Switch,
    /// Dropping the former model's vectors.
    Tidy,
}

/// The progress of the last re-embedding, or how it ended.
#[derive(Debug, Clone, Serialize)]
pub struct ReembedStatus {
    /// Its state.
    pub state: ReembedState,
    /// Its stage.
    pub stage: ReembedStage,
    /// The model that served when it began.
    pub from: Option<String>,
    /// How the new model is reached.
    pub to: EmbeddingSource,
    /// The new model's id, once it is known.
    pub model: Option<String>,
    /// How many passages the stage has done.
    pub done: u64,
    /// How many it has to do.
    pub total: u64,
    /// How many vectors were stored; the others were there already.
    pub embedded: u64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<String>,
}

/// The re-embedding of this process: at most one at a time.
#[derive(Debug)]
pub(super) struct Reembedding {
    pub(super) status: watch::Sender<Option<ReembedStatus>>,
    pub(super) turn: Arc<Mutex<()>>,
    pub(super) stop: CancellationToken,
}

impl Default for Reembedding {
    fn default() -> Self {
        Self {
            status: watch::Sender::new(None),
            turn: Arc::default(),
            stop: CancellationToken::new(),
        }
    }
}

impl Reembedding {
    pub(super) fn update(&self, change: impl FnOnce(&mut ReembedStatus)) {
        self.status.send_modify(|status| {
            if let Some(status) = status {
                change(status);
            }
        });
    }

    /// Enters `stage`, with `done` of `total` passages done.
    pub(super) fn enter(&self, stage: ReembedStage, done: u64, total: u64) {
        self.update(|status| (status.stage, status.done, status.total) = (stage, done, total));
    }

    /// Interrupts a re-embedding under way; the next request or start resumes it.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        drop(self.turn.lock().await);
    }
}
