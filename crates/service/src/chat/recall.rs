//! What a room remembers of a question: messages of its own and of the rooms above it, as sources
//! behind those from documents. What the prompt carries as the conversation's last turns is not
//! repeated, nor what does not fit; a room without memory answers from documents as if there were
//! none. Memory that cannot be searched is named in `degraded`, never an error.

use super::Chat;
use super::making::Asking;
use crate::retrieval::{Hit, RetrievalRequest, RetrievalScope, Retrieved};
use ragd_core::domain::{PassageKind, PassageSource};
use ragd_core::error::Result;
use ragd_index::QueryVector;
use std::collections::HashSet;

/// The most sources from memory of one answer.
const MOST: usize = 3;
/// How many passages are looked at beside those of the last turns.
const CANDIDATES: usize = 20;
/// How well a message must fit the question at least, 0–1. A message that only shares the subject
/// with a question has a cosine of about 0.3 with the local model, which is a fit of a third.
const LEAST_FIT: f64 = 1.0 / 3.0;

impl Chat {
    /// Puts what the room remembers behind `retrieved`, which comes from documents; together they
    /// are `count` at most.
    pub(super) async fn recall_into(
        &self,
        (retrieved, count): (&mut Retrieved, usize),
        asking: &Asking,
    ) {
        let vector = retrieved.query_vector.clone();
        let mut remembered = match self.recall(asking, vector).await {
            Ok(remembered) => remembered,
            Err(error) => {
                tracing::error!(error = error.chain(), "memory was not searched");
                self.parts.shared_metrics.internal_error("memory");
                retrieved.degraded.push("memory");
                return;
            }
        };
        // Documents keep half of the places at least, and memory has those that they leave.
        let left = count.saturating_sub(retrieved.hits.len());
        remembered.truncate(MOST.min(left.max(count / 2)));
        retrieved.hits.truncate(count - remembered.len());
        retrieved.hits.append(&mut remembered);
    }

    async fn recall(&self, asking: &Asking, vector: Option<QueryVector>) -> Result<Vec<Hit>> {
        let Asking {
            request,
            read,
            room,
            history,
            ..
        } = asking;
        let rooms = self.parts.store.room_and_above(room.id, room.owner).await?;
        let limit = usize::try_from(self.settings.history_messages).unwrap_or(0);
        if rooms.len() == 1 && history.len() < limit {
            // The prompt carries all that was said.
            return Ok(Vec::new());
        }
        let question = request.question.as_str();
        let search = RetrievalRequest {
            query: request.question.clone().into(),
            read: read.clone(),
            collection: None,
            scope: RetrievalScope::Memory,
            rooms: Some(rooms),
            limit: CANDIDATES + history.len(),
        };
        let by_meaning = vector.is_some();
        let retrieval = self.parts.retrieval.without_reranking();
        let found = retrieval.search_with(&search, vector).await?;
        let carried: HashSet<_> = history.iter().map(|message| message.id).collect();
        let is_news = |hit: &Hit| {
            let passage = &hit.stored.passage;
            let is_carried = matches!(
                passage.source,
                PassageSource::Message { message, .. } if carried.contains(&message)
            );
            !is_carried && !is_same_question(&passage.content, question)
        };
        let fits = |hit: &Hit| self.fit(question, hit, by_meaning) >= LEAST_FIT;
        let hits = found.hits.into_iter();
        Ok(hits.filter(|hit| is_news(hit) && fits(hit)).collect())
    }

    /// How well a hit fits the question, 0–1: by the cosine where the question has a vector, else by
    /// words.
    pub(super) fn fit(&self, question: &str, hit: &Hit, by_meaning: bool) -> f64 {
        match hit.vector.raw {
            Some(cosine) if by_meaning => super::making::fit_of_cosine(cosine),
            _ => {
                let text = &hit.stored.passage.content;
                super::making::coverage(question, text, &self.parts.counter)
            }
        }
    }
}

/// Whether a message asks what is asked now: it answers nothing.
fn is_same_question(message: &str, question: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    words(message) == words(question)
}

/// A message's text as a source: the markers of its own sources mean nothing here.
pub(super) fn without_markers(hit: &Hit) -> String {
    let passage = &hit.stored.passage;
    match passage.source.kind() {
        PassageKind::Document => passage.content.clone(),
        PassageKind::Message => ragd_language::citation::strip_unknown_markers(&passage.content, 0),
    }
}

/// What a source from memory is called.
pub(super) const TITLE: &str = "Conversation";

#[cfg(test)]
mod tests {
    use super::is_same_question;

    #[test]
    fn a_question_is_known_again_whatever_its_marks() {
        assert!(is_same_question("How long is it?", "how long, is it"));
        assert!(!is_same_question("How long is it?", "How long was it?"));
    }
}
