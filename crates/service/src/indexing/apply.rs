//! One pass over the change log: apply a batch, flush, mark its documents as indexed, move the
//! position. In this order, a crash at any moment repeats work and never skips any.

use super::Follower;
use super::revision::Revision;
use ragd_core::domain::Passage;
use ragd_core::error::Result;
use ragd_core::resilience::failpoint;
use ragd_index::{Point, Selector};
use ragd_store::{Change, ChangeOp, Subject};

/// How many changes go between two flushes.
const BATCH_CHANGES: i64 = 64;
/// How many points the engine gets at once.
pub(super) const BATCH_POINTS: usize = 512;
/// From this many new points on, the index is optimised in the background afterwards.
const OPTIMIZE_FROM_POINTS: usize = 256;

impl Follower {
    /// Applies every change; the caller holds `writing`.
    pub(super) async fn apply_changes(&self) -> Result<usize> {
        let mut applied = 0;
        let mut points = 0;
        loop {
            let position = self.index.position();
            let changes = self
                .store
                .changes_after(position.sequence, BATCH_CHANGES)
                .await?;
            let Some(last) = changes.last().map(|change| change.seq) else {
                break;
            };
            self.note_lag(last - position.sequence);
            for change in &changes {
                points += self.apply(change).await?;
            }
            failpoint("index.applied");
            self.index.flush().await?;
            failpoint("index.flushed");
            for change in &changes {
                self.mark(change).await?;
            }
            failpoint("index.marked");
            self.index.commit(position, last).await?;
            applied += changes.len();
        }
        self.note_lag(0);
        if points >= OPTIMIZE_FROM_POINTS {
            self.index.optimize_soon();
        }
        Ok(applied)
    }

    async fn apply(&self, change: &Change) -> Result<usize> {
        match (change.op, Revision::of(change)) {
            (ChangeOp::Upsert, Some(revision)) => {
                let space = self.space();
                let model = space.as_ref().map(|space| space.model.as_str());
                let passages = self.passages_of(revision, model).await?;
                let count = passages.len();
                for batch in self.points(passages).await? {
                    self.index.upsert(batch).await?;
                }
                Ok(count)
            }
            (ChangeOp::Upsert, None) => Ok(0),
            (ChangeOp::Delete, _) => {
                self.index.delete(vec![selector_of(change)]).await?;
                Ok(0)
            }
        }
    }

    async fn mark(&self, change: &Change) -> Result<()> {
        let generation = Revision::of(change).and_then(Revision::of_document);
        if let (ChangeOp::Upsert, Some(generation)) = (change.op, generation) {
            self.store
                .mark_indexed(generation, self.clock.now())
                .await?;
        }
        Ok(())
    }

    /// The points of `passages` in batches; terms are counted on a blocking thread.
    pub(super) async fn points(&self, passages: Vec<Passage>) -> Result<Vec<Vec<Point>>> {
        let counter = self.counter.clone();
        let count = move || {
            passages
                .chunks(BATCH_POINTS)
                .map(|batch| {
                    batch
                        .iter()
                        .map(|passage| Point::of_passage(passage, &counter))
                        .collect()
                })
                .collect()
        };
        tokio::task::spawn_blocking(count).await.map_err(|error| {
            ragd_core::error::Error::internal("counting terms was interrupted").with_source(error)
        })
    }
}

pub(super) fn selector_of(change: &Change) -> Selector {
    match (change.subject, change.generation) {
        (Subject::Document(document), Some(generation)) => Selector::Generation {
            document,
            generation,
        },
        (Subject::Document(document), None) => Selector::Document(document),
        (Subject::Message(message), _) => Selector::Message(message),
    }
}
