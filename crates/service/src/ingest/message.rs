//! The work on one message: chunk → embed → one transaction → index. Its text is opened here and only
//! given to the embedding model; what is stored are positions in the sealed text, and vectors.

use super::Ingest;
use ragd_core::domain::{
    JobOutcome, LeasedJob, Message, MessageId, Passage, PassageId, PassageSource,
};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_store::{MESSAGE_GENERATION, MessageOutcome, MessagePlace};
use ragd_text::{Chunk, ChunkSettings, Extracted, chunk};

impl Ingest {
    /// Does the work of a message's job; afterwards the room's memory finds it.
    pub async fn remember(&self, id: MessageId, leased: &LeasedJob) -> JobOutcome {
        match self.remember_message(id, leased).await {
            Ok(MessageOutcome::Committed) => JobOutcome::Done,
            Ok(MessageOutcome::Deleted) => JobOutcome::Cancelled,
            Ok(MessageOutcome::LeaseLost) => JobOutcome::Lost,
            Err(error) => {
                let reason = error.to_string();
                tracing::error!(
                    error = error.chain(),
                    message_id = %id,
                    "a message cannot be found yet"
                );
                if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Upstream) {
                    return JobOutcome::Outage(reason);
                }
                self.parts.shared_metrics.internal_error("memory");
                JobOutcome::Retry(format!("internal: {reason}"))
            }
        }
    }

    async fn remember_message(&self, id: MessageId, leased: &LeasedJob) -> Result<MessageOutcome> {
        let parts = &self.parts;
        let Some(sealed) = parts.store.message(id, leased.job.owner).await? else {
            return Ok(MessageOutcome::Deleted);
        };
        let message = parts.texts.open(sealed)?;
        let place = MessagePlace {
            message: message.id,
            room: message.room,
            owner: message.owner,
        };
        let mut passages = self.parts_of(message).await?;
        let embedded_by = self.embed(&mut passages).await?;
        let outcome = parts
            .store
            .commit_message_of_job(place, &passages, leased.lease, parts.clock.now())
            .await?;
        if outcome == MessageOutcome::Committed {
            // Some vectors are missing, or the model was switched meanwhile.
            if embedded_by != parts.embedder.model_id() {
                self.fill_later();
            }
            parts.follower.catch_up().await?;
        }
        Ok(outcome)
    }

    /// The passages of a message, one unless it is long.
    async fn parts_of(&self, message: Message) -> Result<Vec<Passage>> {
        let settings = ChunkSettings {
            size_chars: self.settings.chunk_size,
            overlap_chars: self.settings.chunk_overlap,
        };
        let text = Extracted {
            text: message.content,
            ..Extracted::default()
        };
        let chunks: Vec<Chunk> = tokio::task::spawn_blocking(move || chunk(&text, &settings))
            .await
            .map_err(|error| Error::internal("chunking was interrupted").with_source(error))?;
        let passage = |chunk: Chunk| Passage {
            id: PassageId::of_message(message.id, chunk.ordinal),
            owner: message.owner,
            source: PassageSource::Message {
                message: message.id,
                room: message.room,
            },
            generation: MESSAGE_GENERATION,
            ordinal: chunk.ordinal,
            content: chunk.text,
            heading: String::new(),
            page: None,
            char_start: chunk.char_start,
            char_end: chunk.char_end,
            embedding: None,
            model: None,
            created_at: message.created_at,
        };
        Ok(chunks.into_iter().map(passage).collect())
    }
}
