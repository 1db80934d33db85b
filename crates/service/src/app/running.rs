//! Background tasks of the application: bringing the index up to date with the database, resuming
//! unfinished work, making missing vectors, following the change log.

use super::{App, ReembedState};
use crate::config::EmbeddingOverride;
use crate::indexing::Check;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use ragd_embed::CODE_EMBEDDINGS_UNAVAILABLE;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The first and the longest wait before an endpoint that has never answered is asked again.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What was needed until a search could find everything that SQL holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaughtUp {
    /// The state in which the index was found.
    pub check: Check,
    /// How many documents an earlier process had not finished.
    pub resumed: usize,
    /// How many vectors were made for passages that had none.
    pub embedded: u64,
}

impl App {
    /// Brings the index up to date with the database (rebuilding it if necessary), resumes unfinished
    /// documents and makes missing vectors. Vectors that an endpoint cannot make now are made later.
    /// [`App::is_caught_up`] holds after the first of these steps.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index or the model fails.
    pub fn catch_up(&self) -> BoxFuture<'_, Result<CaughtUp>> {
        Box::pin(async move {
            let check = self.follower().repair().await?;
            self.0.caught_up.store(true, Ordering::Release);
            let resumed = self.ingest().resume().await?;
            let embedded = self.embed_what_is_missing().await?;
            Ok(CaughtUp {
                check,
                resumed,
                embedded,
            })
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

    /// Starts the background tasks; all of them end with `stop`.
    pub fn start(&self, stop: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        let app = self.clone();
        let stopped = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = app.run_catch_up() => {}
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

    /// One after the other: a second index is begun only when the first one is up to date.
    async fn run_catch_up(&self) {
        self.catch_up_until_done().await;
        self.resume_reembedding().await;
    }

    /// Resumes a re-embedding that an earlier process had begun. In an installation without vectors
    /// whose configured endpoint was unavailable at the start, moves to it as soon as it answers.
    async fn resume_reembedding(&self) {
        if let Err(error) = self.resume_reembed().await {
            tracing::error!(error = error.chain(), "a re-embedding was not resumed");
        }
        let mut wait = FIRST_WAIT;
        while self.0.model_unknown && self.embedder().is_none() {
            self.clock().sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
            match self.begin_reembed(&EmbeddingOverride::default()) {
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

    /// Whether the index has caught up with the database and was compared with it since the start.
    pub fn is_caught_up(&self) -> bool {
        self.0.caught_up.load(Ordering::Acquire)
    }

    async fn catch_up_until_done(&self) {
        const RETRY: std::time::Duration = std::time::Duration::from_secs(2);
        let mut logged = None;
        loop {
            match self.catch_up().await {
                Ok(caught_up) => {
                    tracing::info!(
                        resumed_documents = caught_up.resumed,
                        embedded_passages = caught_up.embedded,
                        "the index holds what the database holds ({:?})",
                        caught_up.check
                    );
                    return;
                }
                Err(error) => {
                    // Once for each reason: a server may be unavailable for hours.
                    let error = Some(error.chain());
                    if logged != error {
                        tracing::error!(error, "the index is not up to date with the database");
                        logged = error;
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Closes the application. Everything is durable already, so only connections are waited for. Logs
    /// one line for each part, in the order of the runbook.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.0.reembedding.stop().await;
            // Clients that left in the last moment: what they were sent is stored first.
            self.chat().settle().await;
            let index = self.follower().index();
            if let Err(error) = index.flush().await {
                tracing::error!(error = error.chain(), "the index was not flushed");
            }
            // Interrupted work may still hold the index's lease; released, the next process need not wait for it.
            if let Err(error) = index.release().await {
                tracing::warn!(
                    error = error.chain(),
                    "the index's lease was not released; it expires by itself"
                );
            }
            if let Some(redis) = self.cache().server() {
                redis.close();
                tracing::info!("redis closed");
            }
            self.store().close().await;
            tracing::info!("database closed");
            self.follower().index().clone().close().await;
            tracing::info!("index closed");
        })
    }
}
