//! Re-embedding, the move to another embedding model. The new model's vectors are made beside the
//! present ones and fill a second index, while the first one serves searches and takes documents in.
//! Then the index, the embedder of questions and the stored model switch together. Every step may be
//! interrupted: finished vectors are kept, and the next run resumes.

use super::App;
use super::embedding::{Models, read_source, remembered, space_of};
use super::reembed_status::{CODE_REEMBEDDING, ReembedStage, ReembedState, ReembedStatus};
use crate::config::{EmbeddingConfig, EmbeddingOverride, EmbeddingSource};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_embed::Embedder;
use ragd_store::{EmbeddingModel, ModelRole};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How many vectors one transaction moves or drops.
const BATCH_VECTORS: i64 = 256;
/// How often the second index catches up before the switch; documents that arrive after that are
/// indexed in the switch itself.
const ROUNDS: usize = 8;
/// The first and the longest wait for an endpoint that became unavailable, and the number of waits.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const WAITS: u32 = 10;

impl App {
    /// Starts re-embedding to the configured model, with what `change` says instead, in the background.
    /// A second call for the same model while that is under way returns its progress.
    ///
    /// # Errors
    /// `Invalid` when there is no such model to move to; `Conflict` with code [`CODE_REEMBEDDING`]
    /// while the move to another one is under way.
    pub fn begin_reembed(&self, change: &EmbeddingOverride) -> Result<ReembedStatus> {
        let section = self.config().embedding_with(change)?;
        let Some(to) = section.source(&self.config().llm) else {
            return Err(Error::invalid(
                "provider: EMBEDDING_PROVIDER is off; name the provider whose vectors are to be made",
            ));
        };
        let job = &self.0.reembedding;
        let Ok(turn) = Arc::clone(&job.turn).try_lock_owned() else {
            return self.under_way(&to);
        };
        let status = ReembedStatus {
            state: ReembedState::Running,
            stage: ReembedStage::Connect,
            from: self.follower().space().map(|space| space.model),
            to: to.clone(),
            model: None,
            done: 0,
            total: 0,
            embedded: 0,
            started_at: self.clock().now(),
            finished_at: None,
            error: None,
        };
        job.status.send_replace(Some(status.clone()));
        let app = self.clone();
        tokio::spawn(async move {
            let stopped = app.0.reembedding.stop.clone();
            tokio::select! {
                () = stopped.cancelled() => {}
                outcome = app.reembed(&section, &to) => app.finish(outcome),
            }
            drop(turn);
        });
        Ok(status)
    }

    /// The progress of the last re-embedding of this process.
    pub fn reembedding(&self) -> watch::Receiver<Option<ReembedStatus>> {
        self.0.reembedding.status.subscribe()
    }

    /// Resumes what an earlier process did not finish: the clean-up after a switch, or a re-embedding.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Invalid` when the new model cannot be used any more.
    pub(super) async fn resume_reembed(&self) -> Result<()> {
        if let Some(serving) = self.store().embedding_model(ModelRole::Serving).await? {
            self.move_waiting(&serving.id).await?;
        }
        let Some(building) = self.store().embedding_model(ModelRole::Building).await? else {
            return Ok(());
        };
        let to = read_source(&building)?;
        tracing::info!("re-embedding to {to} resumes");
        self.begin_reembed(&EmbeddingOverride {
            provider: Some(to.provider),
            model: Some(to.model),
            dimension: Some(to.dimension),
            base_url: to.base_url,
        })?;
        Ok(())
    }

    fn under_way(&self, to: &EmbeddingSource) -> Result<ReembedStatus> {
        let status = self.0.reembedding.status.borrow().clone();
        match status {
            Some(status) if status.to == *to => Ok(status),
            status => {
                let other = status.map_or_else(String::new, |status| format!(" to {}", status.to));
                let message = format!("a re-embedding{other} is under way already");
                Err(Error::new(ErrorKind::Conflict, message).with_code(CODE_REEMBEDDING))
            }
        }
    }

    fn finish(&self, outcome: Result<()>) {
        let now = self.clock().now();
        let (state, error) = match &outcome {
            Ok(()) => (ReembedState::Done, None),
            Err(error) => (ReembedState::Failed, Some(error.to_string())),
        };
        match outcome {
            Ok(()) => tracing::info!("re-embedding is done"),
            Err(error) => tracing::error!(error = error.chain(), "re-embedding failed"),
        }
        self.0.reembedding.update(|status| {
            (status.state, status.error) = (state, error);
            status.finished_at = Some(now);
        });
    }

    async fn reembed(&self, section: &EmbeddingConfig, to: &EmbeddingSource) -> Result<()> {
        let job = &self.0.reembedding;
        let embedder = self.models().embedder(section, to).await?;
        let model = remembered(&embedder, to)?;
        job.update(|status| status.model = Some(model.id.clone()));
        let serving = self.store().embedding_model(ModelRole::Serving).await?;
        if serving.is_some_and(|serving| serving.id == model.id) {
            // The same vectors, perhaps from elsewhere.
            self.0.embedder.replace(embedder);
            let embedded = self.ingest().embed_missing().await?;
            job.update(|status| status.embedded = embedded);
            let store = self.store();
            let now = self.clock().now();
            return store
                .set_embedding_model(ModelRole::Serving, Some(&model), now)
                .await;
        }
        self.prepare(&model).await?;
        self.embed_all(&embedder).await?;
        self.switch(&embedder, &model).await?;
        job.enter(ReembedStage::Tidy, 0, 0);
        self.move_waiting(&model.id).await
    }

    /// Stores the new model, and drops unfinished vectors of any other.
    async fn prepare(&self, model: &EmbeddingModel) -> Result<()> {
        let store = self.store();
        while store
            .drop_waiting_but(Some(&model.id), BATCH_VECTORS)
            .await?
            > 0
        {}
        let now = self.clock().now();
        store
            .set_embedding_model(ModelRole::Building, Some(model), now)
            .await
    }

    /// Makes the vector of every passage. Waits for an endpoint that becomes unavailable.
    async fn embed_all(&self, embedder: &Embedder) -> Result<()> {
        let mut wait = FIRST_WAIT;
        let mut waits = 0;
        loop {
            match self.embed_pass(embedder).await {
                Ok(0) => return Ok(()),
                Ok(_) => (wait, waits) = (FIRST_WAIT, 0),
                Err(error) if error.kind() == ErrorKind::Unavailable && waits < WAITS => {
                    tracing::warn!(error = error.chain(), "re-embedding waits");
                    self.clock().sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                    waits += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes the vectors that are missing now; returns how many there were.
    async fn embed_pass(&self, embedder: &Embedder) -> Result<u64> {
        let job = &self.0.reembedding;
        let store = self.store();
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let total = count(store.count_current_passages().await?);
        let missing = count(store.count_without_embedding(embedder.model_id()).await?);
        let before = total.saturating_sub(missing);
        job.enter(ReembedStage::Embed, before, total);
        let mut last = 0;
        let progress = |stored: u64| {
            job.update(|status| {
                status.done = before + stored;
                status.embedded += stored - last;
            });
            last = stored;
        };
        self.ingest().embed_beside(embedder, progress).await
    }

    async fn switch(&self, embedder: &Embedder, model: &EmbeddingModel) -> Result<()> {
        let job = &self.0.reembedding;
        let mut switch = self.follower().begin_switch(space_of(model)).await?;
        let progress = |now: crate::indexing::RebuildProgress| {
            job.enter(ReembedStage::Index, now.done, now.total);
        };
        switch.fill(progress).await?;
        for _ in 0..ROUNDS {
            let embedded = self.ingest().embed_beside(embedder, |_| {}).await?;
            if switch.catch_up().await? == 0 && embedded == 0 {
                break;
            }
        }
        job.update(|status| status.stage = ReembedStage::Switch);
        // No vector of the former model may be stored once the new one serves.
        let filling = self.ingest().filling_turn().await;
        self.ingest().embed_beside(embedder, |_| {}).await?;
        let install = || self.0.embedder.replace(embedder.clone());
        switch.commit(install).await?;
        self.remember(model).await;
        drop(filling);
        if let Err(error) = self.ingest().embed_missing().await {
            tracing::warn!(error = error.chain(), "the last vectors are made later");
            self.ingest().fill_later();
        }
        Ok(())
    }

    /// Stores which model serves. The index has changed over already, so this is tried until it
    /// succeeds; a crash before that leaves the former model, whose vectors are all there.
    async fn remember(&self, model: &EmbeddingModel) {
        let mut wait = FIRST_WAIT;
        while let Err(error) = self
            .store()
            .switch_embedding_model(model, self.clock().now())
            .await
        {
            tracing::error!(error = error.chain(), "the new model is not remembered yet");
            self.clock().sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Moves the serving model's vectors into the passages, in place of the former model's.
    async fn move_waiting(&self, model: &str) -> Result<()> {
        while self.store().move_waiting(model, BATCH_VECTORS).await? > 0 {}
        Ok(())
    }

    fn models(&self) -> Models<'_> {
        Models {
            config: self.config(),
            folder: self.folder(),
            store: self.store(),
            clock: self.clock(),
        }
    }
}
