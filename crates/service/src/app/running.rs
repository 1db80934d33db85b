//! What runs beside the doors: bringing the index up to the database, taking up unfinished work,
//! filling in missing vectors, following.

use super::{App, ReembedState};
use crate::config::EmbeddingWish;
use crate::indexing::Check;
use ragd_core::error::Result;
use ragd_embed::CODE_EMBEDDINGS_UNAVAILABLE;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long an endpoint that has never answered is left alone, at first and at most.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What had to be done until everything that SQL holds could be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    /// What was found of the index.
    pub check: Check,
    /// How many documents an earlier process had left unfinished.
    pub resumed: usize,
    /// How many vectors were made for passages that had none.
    pub embedded: u64,
}

impl App {
    /// Brings the index up to the database, rebuilding it where that is needed, takes up unfinished
    /// documents and makes missing vectors; those that an endpoint does not make now are made
    /// later. The index can be relied on as soon as the first of
    /// these is done.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index or the model fails.
    pub async fn settle(&self) -> Result<Settling> {
        let check = self.follower().repair().await?;
        self.0.settled.store(true, Ordering::Release);
        let resumed = self.ingest().resume().await?;
        let embedded = self.embed_what_is_missing().await?;
        Ok(Settling {
            check,
            resumed,
            embedded,
        })
    }

    async fn embed_what_is_missing(&self) -> Result<u64> {
        match self.ingest().embed_missing().await {
            Err(error) if error.code() == CODE_EMBEDDINGS_UNAVAILABLE => {
                tracing::warn!(error = error.chain(), "vectors are missing");
                self.ingest().fill_later();
                Ok(0)
            }
            made => made,
        }
    }

    /// Starts what runs beside the doors; all of it ends with `stop`.
    pub fn start(&self, stop: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        let app = self.clone();
        let stopped = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = app.settle_and_go_on() => {}
            }
        });
        let follower = self.follower().clone();
        let stopped = stop.clone();
        tasks.spawn(async move { follower.run(stopped.cancelled_owned()).await });
        let app = self.clone();
        let stopped = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = app.keep_following_overrides() => {}
            }
        });
        let ingest = self.ingest().clone();
        let stopped = stop.clone();
        tasks.spawn(async move { ingest.keep_filling(stopped.cancelled_owned()).await });
        tasks.close();
        tasks
    }

    /// One after the other: a second index is begun when the serving one is what it should be.
    async fn settle_and_go_on(&self) {
        self.settle_until_done().await;
        self.go_on_reembedding().await;
    }

    /// Takes up a re-embedding that an earlier process had begun; and moves to a configured
    /// endpoint that was away at the start of an installation without vectors, as soon as it is
    /// there.
    async fn go_on_reembedding(&self) {
        if let Err(error) = self.resume_reembed().await {
            tracing::error!(error = error.chain(), "a re-embedding was not taken up");
        }
        let mut wait = FIRST_WAIT;
        while self.0.model_unknown && self.embedder().is_none() {
            self.clock().sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
            match self.begin_reembed(&EmbeddingWish::default()) {
                Ok(_) => self.reembedding_ends().await,
                Err(error) => tracing::warn!(error = error.chain(), "there are no vectors yet"),
            }
        }
    }

    async fn reembedding_ends(&self) {
        let mut status = self.reembedding();
        let ended = status.wait_for(|status| {
            let state = status.as_ref().map(|status| status.state);
            state != Some(ReembedState::Running)
        });
        // The sender is this application's own.
        let _ended = ended.await;
    }

    /// Whether the index has caught up and been compared with the database since the start.
    pub fn is_settled(&self) -> bool {
        self.0.settled.load(Ordering::Acquire)
    }

    async fn settle_until_done(&self) {
        const RETRY: std::time::Duration = std::time::Duration::from_secs(2);
        let mut told = None;
        loop {
            match self.settle().await {
                Ok(settling) => {
                    tracing::info!(
                        resumed_documents = settling.resumed,
                        embedded_passages = settling.embedded,
                        "the index holds what the database holds ({:?})",
                        settling.check
                    );
                    return;
                }
                Err(error) => {
                    // Once for each reason: a server may be away for hours.
                    let error = Some(error.chain());
                    if told != error {
                        tracing::error!(error, "the index is not up to the database");
                        told = error;
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Ends the application: everything is durable already, so nothing is waited for but the
    /// connections. One log line for each part, in the order of the runbook.
    pub async fn close(&self) {
        self.0.reembedding.stop().await;
        let index = self.follower().index();
        if let Err(error) = index.flush().await {
            tracing::error!(error = error.chain(), "the index was not flushed");
        }
        // Work that was cut off may still have the right to write; the next process need not wait.
        if let Err(error) = index.release().await {
            tracing::warn!(error = error.chain(), "the index's lease ends by itself");
        }
        if let Some(redis) = self.cache().server() {
            redis.close();
            tracing::info!("redis closed");
        }
        self.store().close().await;
        tracing::info!("database closed");
        self.follower().index().clone().close().await;
        tracing::info!("index closed");
    }
}
