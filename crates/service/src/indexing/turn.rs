//! Who may write to the index, and when: within this process one at a time; among processes that
//! share an index on a server the one with the lease. The lease is taken for a piece of work and
//! given back at its end, so that any process can do the next; the others look how far it got.

use super::Follower;
use super::open::is_replaceable;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use ragd_index::CODE_UNREACHABLE;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two looks at what another process is doing.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Follower {
    /// Applies every change up to now, durably, and returns how many there were; 0 also when
    /// another process has applied them.
    ///
    /// # Errors
    /// `Unavailable` without a database or without the server of the index; `Internal` when the
    /// index fails. Nothing is lost then: the next call begins where this one stopped.
    pub async fn catch_up(&self) -> Result<usize> {
        let _turn = self.shared.turn.lock().await;
        if !self.claim_unless_level().await? {
            return Ok(0);
        }
        self.in_turn(Box::pin(self.follow())).await
    }

    /// As [`Follower::catch_up`], where a server that is away is no failure: SQL has what changed and
    /// the last word on what is found, and the index follows when the server is back.
    ///
    /// # Errors
    /// As [`Follower::catch_up`] otherwise.
    pub async fn catch_up_if_reachable(&self) -> Result<()> {
        if_reachable(self.catch_up().await.map(drop))
    }

    /// As [`Follower::mend`], where a server that is away is no failure.
    ///
    /// # Errors
    /// As [`Follower::mend`] otherwise.
    pub async fn mend_if_reachable(&self) -> Result<()> {
        if_reachable(self.mend().await.map(drop))
    }

    /// One look: catches up when there is something to do, and rebuilds an index that is lost.
    ///
    /// # Errors
    /// As [`Follower::catch_up`] and [`Follower::rebuild`].
    pub async fn pass(&self) -> Result<()> {
        if self.index.is_shared() && self.is_level().await? {
            return Ok(());
        }
        match self.catch_up().await {
            Err(error) if is_replaceable(&error) => self.mend().await.map(drop),
            outcome => outcome.map(drop),
        }
    }

    /// Puts the index in order and applies every change; the caller has the turn.
    pub(super) async fn follow(&self) -> Result<usize> {
        self.index.ensure().await?;
        self.apply_changes().await
    }

    /// Takes the right to write, waiting for another process's work to end.
    pub(super) async fn claim(&self) -> Result<()> {
        while !self.index.claim().await? {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// As [`Follower::claim`]; false, without the right, when another process has meanwhile applied
    /// everything there was.
    pub(super) async fn claim_unless_level(&self) -> Result<bool> {
        if self.index.claim().await? {
            return Ok(true);
        }
        let head = self.store.change_log_head().await?;
        loop {
            let position = self.index.refresh().await?;
            self.note_lag(head - position.sequence);
            if position.sequence >= head {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            if self.index.claim().await? {
                return Ok(true);
            }
        }
    }

    /// Does `work` with the right to write, and gives it back whatever came of it.
    pub(super) async fn in_turn<T>(&self, work: BoxFuture<'_, Result<T>>) -> Result<T> {
        let outcome = work.await;
        if let Err(error) = self.index.release().await {
            tracing::warn!(
                error = error.chain(),
                "the right to write to the index was not given back; it ends by itself"
            );
        }
        outcome
    }

    /// Whether the index is in order and holds every change, whoever applied them.
    async fn is_level(&self) -> Result<bool> {
        let in_order = self.index.check().await?;
        let head = self.store.change_log_head().await?;
        let lag = head - self.index.position().sequence;
        self.note_lag(lag);
        Ok(in_order && lag <= 0)
    }

    pub(super) fn note_lag(&self, lag: i64) {
        self.shared.lag.store(lag.max(0), Ordering::Relaxed);
    }
}

fn if_reachable(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error) if error.code() == CODE_UNREACHABLE => {
            tracing::warn!(error = error.chain(), "the index follows later");
            Ok(())
        }
        outcome => outcome,
    }
}
