//! Switches to another model: a second index is filled with its vectors while the serving one goes on
//! following; then the second one takes its place and follows from there.

use super::apply::selector_of;
use super::rebuild::PAGE_PASSAGES;
use super::revision::Revision;
use super::{Follower, RebuildProgress};
use ragd_core::domain::{Passage, PassageSource};
use ragd_core::error::Result;
use ragd_index::{Rebuild, VectorSpace};
use ragd_store::{Change, ChangeOp, Subject};
use std::collections::HashSet;
use std::sync::PoisonError;

/// How many changes are read at once.
const BATCH_CHANGES: i64 = 64;

/// A second index that is being filled. Dropped without a commit, it is deleted.
#[derive(Debug)]
pub struct Switch {
    follower: Follower,
    rebuild: Rebuild,
    space: VectorSpace,
    /// The place in the change log up to which the second index holds everything.
    sequence: i64,
    /// What was indexed before all of its vectors were made.
    incomplete: HashSet<Revision>,
}

impl Follower {
    /// Begins an empty index for vectors of `space` beside the serving one.
    ///
    /// # Errors
    /// `Conflict` while another switch is under way; `Unavailable` without a database; `Internal`
    /// when the index fails.
    pub async fn begin_switch(&self, space: VectorSpace) -> Result<Switch> {
        // Waits for a rebuild to end.
        let _writing = self.shared.writing.lock().await;
        // Read before the passages: what changes meanwhile is applied afterwards.
        let sequence = self.store.change_log_head().await?;
        let average_terms = self.average_terms().await?;
        let rebuild = self
            .index
            .begin_rebuild(Some(space.clone()), average_terms)
            .await?;
        Ok(Switch {
            follower: self.clone(),
            rebuild,
            space,
            sequence,
            incomplete: HashSet::new(),
        })
    }
}

impl Switch {
    /// Takes up everything that SQL holds, with the vectors that are made by now.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when the index fails.
    pub async fn fill(&mut self, mut progress: impl FnMut(RebuildProgress) + Send) -> Result<()> {
        let store = self.follower.store.clone();
        let total = u64::try_from(store.count_current_passages().await?).unwrap_or(0);
        let mut done = 0;
        let mut after = None;
        loop {
            let model = Some(self.space.model.as_str());
            let page = self.follower.page_of_passages(after, PAGE_PASSAGES, model);
            let page = page.await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            done += page.len() as u64;
            self.note_incomplete(&page);
            for batch in self.follower.points(page).await? {
                self.rebuild.upsert(batch).await?;
            }
            let total = total.max(done);
            progress(RebuildProgress { done, total });
        }
        Ok(())
    }

    /// Takes up what has changed since the last time, and what had no vectors then. Returns how
    /// many changes there were.
    ///
    /// # Errors
    /// As [`Switch::fill`].
    pub async fn catch_up(&mut self) -> Result<usize> {
        let again = std::mem::take(&mut self.incomplete);
        for revision in again {
            self.index_revision(revision).await?;
        }
        let mut applied = 0;
        loop {
            let store = &self.follower.store;
            let changes = store.changes_after(self.sequence, BATCH_CHANGES).await?;
            let Some(last) = changes.last().map(|change| change.seq) else {
                return Ok(applied);
            };
            for change in &changes {
                self.apply(change).await?;
            }
            self.sequence = last;
            applied += changes.len();
        }
    }

    /// Catches up for the last time and puts the second index in place of the serving one, then calls
    /// `install`. From then on the index refuses questions with vectors of the former model.
    ///
    /// # Errors
    /// As [`Switch::fill`]; the former index then goes on serving.
    pub async fn commit(mut self, install: impl FnOnce() + Send) -> Result<()> {
        let follower = self.follower.clone();
        let _writing = follower.shared.writing.lock().await;
        self.catch_up().await?;
        let Self {
            rebuild,
            space,
            sequence,
            ..
        } = self;
        // The position will pass over these changes, so nothing else marks their documents.
        let now = follower.clock.now();
        follower.store.mark_indexed_up_to(sequence, now).await?;
        rebuild.commit(sequence).await?;
        let serving = &follower.shared.space;
        *serving.write().unwrap_or_else(PoisonError::into_inner) = Some(space);
        install();
        Ok(())
    }

    async fn apply(&mut self, change: &Change) -> Result<()> {
        match (change.op, Revision::of(change)) {
            (ChangeOp::Upsert, Some(revision)) => self.index_revision(revision).await,
            (ChangeOp::Upsert, None) => Ok(()),
            (ChangeOp::Delete, _) => self.rebuild.delete(vec![selector_of(change)]).await,
        }
    }

    async fn index_revision(&mut self, revision: Revision) -> Result<()> {
        let model = Some(self.space.model.as_str());
        let passages = self.follower.passages_of(revision, model).await?;
        self.note_incomplete(&passages);
        for batch in self.follower.points(passages).await? {
            self.rebuild.upsert(batch).await?;
        }
        Ok(())
    }

    fn note_incomplete(&mut self, passages: &[Passage]) {
        let bare = passages
            .iter()
            .filter(|passage| passage.embedding.is_none());
        self.incomplete.extend(bare.map(|passage| Revision {
            subject: match passage.source {
                PassageSource::Document { document, .. } => Subject::Document(document),
                PassageSource::Message { message, .. } => Subject::Message(message),
            },
            generation: passage.generation,
        }));
    }
}
