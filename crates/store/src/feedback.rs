//! What people thought of answers: one row an answer, the newest. Question, answer, sources and
//! comment are sealed before they come here; they are copies, so that feedback outlives its room.

use super::Store;
use super::keyset::Keyset;
use super::messages::{MessageRow, SealedMessage};
use super::param::params;
use super::sql::page_sql;
use chrono::{DateTime, Utc};
use ragd_core::domain::{FeedbackId, MessageId, OwnerId, Page, PageRequest, SessionKey};
use ragd_core::error::Result;
use uuid::Uuid;

/// Feedback whose content is a sealed envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFeedback {
    /// Its id.
    pub id: FeedbackId,
    /// Who gave it.
    pub owner: OwnerId,
    /// The answer.
    pub message: MessageId,
    /// Whether it was good.
    pub thumbs_up: bool,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// Question, answer, sources and comment, sealed.
    pub content: Vec<u8>,
}

/// An answer, with the question before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedTurn {
    /// What was asked; `None` when nothing was.
    pub question: Option<SealedMessage>,
    /// What was answered.
    pub answer: SealedMessage,
}

#[derive(sqlx::FromRow)]
struct FeedbackRow {
    id: Uuid,
    owner_id: Uuid,
    message_id: Uuid,
    thumbs_up: bool,
    created_at: DateTime<Utc>,
    content: Vec<u8>,
}

impl FeedbackRow {
    fn into_feedback(self) -> SealedFeedback {
        SealedFeedback {
            id: FeedbackId::from_uuid(self.id),
            owner: OwnerId::from_uuid(self.owner_id),
            message: MessageId::from_uuid(self.message_id),
            thumbs_up: self.thumbs_up,
            created_at: self.created_at,
            content: self.content,
        }
    }
}

impl Store {
    /// Answer `id`, if it is `owner`'s and of the conversation that is called `session` (by its key,
    /// or by its id where it has none), with the question before it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn answered_turn(
        &self,
        id: MessageId,
        owner: OwnerId,
        session: &SessionKey,
    ) -> Result<Option<SealedTurn>> {
        let sql = "SELECT m.id, m.room_id, m.owner_id, m.role, m.status, m.created_at, m.content,
                 m.details
             FROM messages m JOIN rooms ON rooms.id = m.room_id
             WHERE m.id = $1 AND m.owner_id = $2 AND m.role = 'assistant'
                 AND (rooms.session_key = $3 OR (rooms.session_key IS NULL AND rooms.id = $4))";
        let room = Uuid::try_parse(session.as_str()).unwrap_or_default();
        let answer: Option<MessageRow> = self
            .db
            .query(
                sql,
                params![id.uuid(), owner.uuid(), session.as_str(), room],
            )
            .optional()
            .await?;
        let Some(answer) = answer.map(MessageRow::into_message).transpose()? else {
            return Ok(None);
        };
        let sql = "SELECT id, room_id, owner_id, role, status, created_at, content, details
             FROM messages WHERE room_id = $1 AND owner_id = $2 AND id < $3 AND role = 'user'
             ORDER BY id DESC LIMIT 1";
        let question: Option<MessageRow> = self
            .db
            .query(sql, params![answer.room.uuid(), owner.uuid(), id.uuid()])
            .optional()
            .await?;
        Ok(Some(SealedTurn {
            question: question.map(MessageRow::into_message).transpose()?,
            answer,
        }))
    }

    /// Keeps feedback, in the place of what its owner thought of the same answer before.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn put_feedback(&self, feedback: &SealedFeedback) -> Result<()> {
        let sql = "INSERT INTO feedback (id, owner_id, message_id, thumbs_up, created_at, content)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (message_id) DO UPDATE SET id = excluded.id,
                 thumbs_up = excluded.thumbs_up, created_at = excluded.created_at,
                 content = excluded.content
             WHERE feedback.owner_id = excluded.owner_id";
        let mut tx = self.begin().await?;
        tx.query(
            sql,
            params![
                feedback.id.uuid(),
                feedback.owner.uuid(),
                feedback.message.uuid(),
                feedback.thumbs_up,
                feedback.created_at,
                feedback.content.as_slice()
            ],
        )
        .execute()
        .await?;
        tx.commit().await
    }

    /// A page of the feedback of all owners: for operators, who make a test set of it.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn list_feedback(&self, page: PageRequest) -> Result<Page<SealedFeedback>> {
        let keyset = Keyset::of(&page);
        let sql = page_sql!(
            keyset,
            "SELECT id, owner_id, message_id, thumbs_up, created_at, content FROM feedback
             WHERE id > $1 AND id < $2 ORDER BY id {order} LIMIT $3"
        );
        let rows: Vec<FeedbackRow> = self
            .db
            .query(sql, params![keyset.above, keyset.below, keyset.rows()])
            .all()
            .await?;
        let feedback = rows.into_iter().map(FeedbackRow::into_feedback);
        Ok(keyset.page(feedback.collect()))
    }
}
