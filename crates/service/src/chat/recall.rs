//! What a room remembers of a question: messages of its own and of the rooms above it, as sources
//! behind those from documents. Messages that the prompt already contains are not repeated, and
//! irrelevant ones are dropped. A failed search of memory is named in `degraded`; it is no error.

use super::Chat;
use super::turn::Turn;
use crate::retrieval::{Hit, RetrievalRequest, RetrievalScope, Retrieved};
use ragd_core::domain::{PassageSource, Room, RoomId, RoomKind, SearchQuery};
use ragd_core::error::Result;
use ragd_index::QueryVector;
use std::collections::HashSet;

/// The most sources from memory of one answer.
const MAX_REMEMBERED: usize = 3;
/// How many passages are looked at beside those of the history.
const CANDIDATES: usize = 20;
/// The least relevance of a remembered message, 0–1. A message that only shares the subject with a
/// question has a cosine of about 0.3 with the local model, which is a relevance of a third.
const MIN_RELEVANCE: f64 = 1.0 / 3.0;

impl Chat {
    /// Adds what the room remembers behind the documents in `retrieved`; together they are `count`
    /// at most.
    pub(super) async fn add_remembered(
        &self,
        turn: &Turn,
        query: &SearchQuery,
        retrieved: &mut Retrieved,
        count: usize,
    ) {
        let vector = retrieved.query_vector.clone();
        let mut remembered = match self.remembered(turn, query, vector).await {
            Ok(remembered) => remembered,
            Err(error) => {
                tracing::error!(error = error.chain(), "the room's memory was not searched");
                self.parts.shared_metrics.internal_error("memory");
                retrieved.degraded.push("memory");
                return;
            }
        };
        // Documents keep at least half of the places; memory has the rest, and what they leave free.
        let left = count.saturating_sub(retrieved.hits.len());
        remembered.truncate(MAX_REMEMBERED.min(left.max(count / 2)));
        retrieved.hits.truncate(count - remembered.len());
        retrieved.hits.append(&mut remembered);
    }

    async fn remembered(
        &self,
        turn: &Turn,
        query: &SearchQuery,
        vector: Option<QueryVector>,
    ) -> Result<Vec<Hit>> {
        let history = &turn.history;
        let limit = usize::try_from(self.settings.history_messages).unwrap_or(0);
        if turn.room.parent.is_none() && history.len() < limit {
            // The prompt contains everything that was said.
            return Ok(Vec::new());
        }
        let search = RetrievalRequest {
            query: query.clone(),
            read: turn.read.clone(),
            collection: None,
            scope: RetrievalScope::Memory,
            rooms: Some(self.room_and_above(&turn.room).await?),
            limit: CANDIDATES + history.len(),
        };
        let by_meaning = vector.is_some();
        let retrieval = self.parts.retrieval.without_reranking();
        let retrieved = retrieval.search_with(&search, vector).await?;
        let in_prompt: HashSet<_> = history.iter().map(|message| message.id).collect();
        let question = turn.question();
        let is_new = |hit: &Hit| {
            let passage = &hit.stored.passage;
            let is_in_prompt = matches!(
                passage.source,
                PassageSource::Message { message, .. } if in_prompt.contains(&message)
            );
            !is_in_prompt && !is_same_question(&passage.content, question)
        };
        let is_relevant =
            |hit: &Hit| self.relevance(query.as_str(), hit, by_meaning) >= MIN_RELEVANCE;
        let hits = retrieved.hits.into_iter();
        Ok(hits.filter(|hit| is_new(hit) && is_relevant(hit)).collect())
    }

    /// `room` and the rooms above it, itself first. Only a room two levels down needs a read.
    async fn room_and_above(&self, room: &Room) -> Result<Vec<RoomId>> {
        match (room.parent, room.kind.parent().and_then(RoomKind::parent)) {
            (None, _) => Ok(vec![room.id]),
            (Some(parent), None) => Ok(vec![room.id, parent]),
            (Some(_), Some(_)) => self.parts.store.room_and_above(room.id, room.owner).await,
        }
    }
}

/// Whether a message is the same question: it answers nothing.
fn is_same_question(message: &str, question: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    words(message) == words(question)
}

#[cfg(test)]
mod tests {
    use super::is_same_question;

    #[test]
    fn punctuation_and_case_make_no_other_question() {
        assert!(is_same_question("How long is it?", "how long, is it"));
        assert!(!is_same_question("How long is it?", "How long was it?"));
    }
}
