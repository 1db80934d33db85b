//! The passages that a change is about, read from SQL: those of a document's generation or of a
//! message, with the vectors of one model. The texts of messages are opened to count their terms.

use super::Follower;
use ragd_core::domain::{Passage, PassageId};
use ragd_core::error::Result;
use ragd_store::{Change, Generation, Subject};

/// A document or message in one generation, whose passages are indexed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Revision {
    pub(super) subject: Subject,
    pub(super) generation: i64,
}

impl Revision {
    /// What `change` is about; `None`: it names no generation.
    pub(super) fn of(change: &Change) -> Option<Self> {
        Some(Self {
            subject: change.subject,
            generation: change.generation?,
        })
    }

    /// The generation, if it is a document's.
    pub(super) fn of_document(self) -> Option<Generation> {
        match self.subject {
            Subject::Document(document) => Some(Generation {
                document,
                number: self.generation,
            }),
            Subject::Message(_) => None,
        }
    }
}

impl Follower {
    /// The passages of `revision`; empty when it is not current any more.
    pub(super) async fn passages_of(
        &self,
        revision: Revision,
        model: Option<&str>,
    ) -> Result<Vec<Passage>> {
        match revision.subject {
            Subject::Document(document) => {
                let number = revision.generation;
                let generation = Generation { document, number };
                self.store.document_generation(generation, model).await
            }
            Subject::Message(message) => {
                let mut passages = self.store.message_passages(message, model).await?;
                self.texts.fill(&mut passages).await?;
                Ok(passages)
            }
        }
    }

    /// As [`Store::current_passages_after`](ragd_store::Store::current_passages_after), with the
    /// texts of messages.
    pub(super) async fn page_of_passages(
        &self,
        after: Option<PassageId>,
        limit: i64,
        model: Option<&str>,
    ) -> Result<Vec<Passage>> {
        let page = self.store.current_passages_after(after, limit, model);
        let mut passages = page.await?;
        self.texts.fill(&mut passages).await?;
        Ok(passages)
    }
}
