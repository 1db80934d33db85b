//! Feedback on answers, stored with the question, the answer and the sources that were shown, so that
//! it can become a test set. Feedback that cannot be stored is an error.

use super::Chat;
use crate::secret::Belongs;
use chrono::{DateTime, Utc};
use ragd_core::domain::{FeedbackId, MessageId, Page, PageRequest, Principal, SessionKey};
use ragd_core::error::{Error, Result};
use ragd_store::SealedFeedback;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest comment, in Unicode scalar values.
const MAX_COMMENT_CHARS: usize = 2_000;

/// Feedback on an answer.
#[derive(Debug, Clone)]
pub struct NewFeedback {
    /// The conversation.
    pub session: SessionKey,
    /// The answer.
    pub message: MessageId,
    /// Whether it was good.
    pub thumbs_up: bool,
    /// A comment.
    pub comment: Option<String>,
}

/// Feedback as it is stored.
#[derive(Debug, Clone)]
pub struct Feedback {
    /// Its id.
    pub id: FeedbackId,
    /// The answer.
    pub message: MessageId,
    /// Whether it was good.
    pub thumbs_up: bool,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// What it is about.
    pub subject: FeedbackSubject,
}

/// What feedback is about; sealed as one text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedbackSubject {
    /// What was asked.
    pub question: String,
    /// What was answered.
    pub answer: String,
    /// The sources that were shown, in their order.
    pub sources: Vec<ShownSource>,
    /// The comment.
    pub comment: Option<String>,
}

/// A source that was shown with an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShownSource {
    /// The passage.
    pub passage_id: Uuid,
    /// Its document.
    pub document_id: Option<Uuid>,
    /// How well it matched the question.
    pub score: f64,
}

/// The part of an answer's details that is stored with feedback.
#[derive(Deserialize)]
struct AnswerDetails {
    #[serde(default)]
    sources: Vec<ShownSource>,
}

impl Chat {
    /// Stores feedback, in place of earlier feedback on the same answer; `None` when the caller has
    /// no such answer in this conversation.
    ///
    /// # Errors
    /// `Invalid` for a comment that is too long; `Unavailable` without a database.
    pub async fn store_feedback(
        &self,
        caller: &Principal,
        new: NewFeedback,
    ) -> Result<Option<Feedback>> {
        let comment = new.comment.filter(|comment| !comment.trim().is_empty());
        if comment
            .as_ref()
            .is_some_and(|comment| comment.chars().count() > MAX_COMMENT_CHARS)
        {
            return Err(Error::invalid(format!(
                "comment: must have at most {MAX_COMMENT_CHARS} characters"
            )));
        }
        let store = &self.parts.store;
        let turn = store
            .answered_turn(new.message, caller.owner, &new.session)
            .await?;
        let Some(turn) = turn else { return Ok(None) };
        let question = turn.question.map(|question| self.open(question));
        let question = question.transpose()?.map(|question| question.content);
        let answer = self.open(turn.answer)?;
        let details = serde_json::from_value::<AnswerDetails>(answer.details);
        let now = self.parts.clock.now();
        let feedback = Feedback {
            id: FeedbackId::new(now),
            message: new.message,
            thumbs_up: new.thumbs_up,
            created_at: now,
            subject: FeedbackSubject {
                question: question.unwrap_or_default(),
                answer: answer.content,
                sources: details.map(|details| details.sources).unwrap_or_default(),
                comment,
            },
        };
        let content = serde_json::to_string(&feedback.subject)
            .map_err(|error| Error::internal("feedback is not JSON").with_source(error))?;
        let sealed = SealedFeedback {
            id: feedback.id,
            owner: caller.owner,
            message: feedback.message,
            thumbs_up: feedback.thumbs_up,
            created_at: now,
            content: Vec::new(),
        };
        let content = self.parts.sealer.seal(&content, &place(&sealed))?;
        store
            .put_feedback(&SealedFeedback { content, ..sealed })
            .await?;
        let thumbs_up = if feedback.thumbs_up { "true" } else { "false" };
        let counter = &self.parts.metrics.feedback;
        counter.with_label_values(&[thumbs_up]).inc();
        Ok(Some(feedback))
    }

    /// A page of all feedback, whoever gave it.
    ///
    /// # Errors
    /// `Unavailable` without a database; `Internal` when one cannot be opened.
    pub async fn list_feedback(&self, page: PageRequest) -> Result<Page<Feedback>> {
        let sealed = self.parts.store.list_feedback(page).await?;
        let feedback = sealed.data.into_iter().map(|sealed| {
            let content = self.parts.sealer.open(&sealed.content, &place(&sealed))?;
            let subject = serde_json::from_str(&content)
                .map_err(|error| Error::internal("stored feedback is not JSON").with_source(error));
            Ok(Feedback {
                id: sealed.id,
                message: sealed.message,
                thumbs_up: sealed.thumbs_up,
                created_at: sealed.created_at,
                subject: subject?,
            })
        });
        Ok(Page {
            data: feedback.collect::<Result<_>>()?,
            has_more: sealed.has_more,
        })
    }
}

fn place(feedback: &SealedFeedback) -> Belongs {
    Belongs {
        table: "feedback",
        column: "content",
        row: feedback.id.uuid(),
        owner: feedback.owner,
    }
}
