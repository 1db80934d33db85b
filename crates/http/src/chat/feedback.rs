//! `POST /feedback`, and the list of all feedback for operators, for example as a test set.

use crate::audit::event::AuditEvent;
use crate::extract::caller::{Admin, Caller, Chat};
use crate::extract::{Json, Page, Query};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use ragd_core::domain::{MessageId, SessionKey};
use ragd_core::error::Error;
use ragd_service::chat::{Feedback, NewFeedback, ShownSource};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A judgement of an answer.
#[derive(Deserialize, ToSchema)]
pub(crate) struct FeedbackRequest {
    /// The `session_id` of the answer.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    session_id: String,
    /// The `message_id` of the answer.
    #[schema(value_type = Uuid)]
    message_id: String,
    /// Whether the answer was good.
    thumbs_up: bool,
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

/// Stored feedback.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedbackResponse {
    id: Uuid,
    message_id: Uuid,
    thumbs_up: bool,
    created_at: DateTime<Utc>,
}

/// Feedback with its question and answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedbackItem {
    id: Uuid,
    message_id: Uuid,
    question: String,
    answer: String,
    /// The sources that were shown, in order.
    sources: Vec<FeedbackSource>,
    thumbs_up: bool,
    comment: Option<String>,
    created_at: DateTime<Utc>,
}

/// A source that was shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedbackSource {
    passage_id: Uuid,
    document_id: Option<Uuid>,
    score: f64,
}

/// A page of feedback.
#[derive(Serialize, ToSchema)]
pub(crate) struct FeedbackListResponse {
    /// Always `list`.
    #[schema(example = "list")]
    object: &'static str,
    data: Vec<FeedbackItem>,
    first_id: Option<Uuid>,
    last_id: Option<Uuid>,
    has_more: bool,
}

/// Stores the caller's feedback on an answer, replacing earlier feedback on it.
#[utoipa::path(
    post, path = "/feedback", tag = "chat",
    request_body = FeedbackRequest,
    responses((status = 201, body = FeedbackResponse))
)]
pub(crate) async fn give(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Json(body): Json<FeedbackRequest>,
) -> Result<(StatusCode, axum::Json<FeedbackResponse>), Failure> {
    let unknown = || Error::not_found("there is no answer with this id in this session");
    let new = NewFeedback {
        session: SessionKey::parse(&body.session_id)?,
        message: MessageId::parse(&body.message_id).ok_or_else(unknown)?,
        thumbs_up: body.thumbs_up,
        comment: body.comment,
    };
    let kept = state
        .app
        .chat()
        .store_feedback(&caller.principal, new)
        .await?;
    let kept = kept.ok_or_else(unknown)?;
    let body = FeedbackResponse {
        id: kept.id.uuid(),
        message_id: kept.message.uuid(),
        thumbs_up: kept.thumbs_up,
        created_at: kept.created_at,
    };
    Ok((StatusCode::CREATED, axum::Json(body)))
}

/// Lists all feedback, with the questions and the sources that were shown.
#[utoipa::path(
    get, path = "/api/admin/feedback", tag = "admin",
    params(Page),
    responses((status = 200, body = FeedbackListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Admin>,
    Query(page): Query<Page>,
) -> Result<axum::Json<FeedbackListResponse>, Failure> {
    let page = state.app.chat().list_feedback(page.request()?).await?;
    // Users' texts leave the system, so the audit trail records it.
    let details = serde_json::json!({ "count": page.data.len() });
    caller
        .audit(&state.app, AuditEvent::success("feedback.export", details))
        .await;
    let data: Vec<FeedbackItem> = page.data.into_iter().map(FeedbackItem::from).collect();
    Ok(axum::Json(FeedbackListResponse {
        object: "list",
        first_id: data.first().map(|one| one.id),
        last_id: data.last().map(|one| one.id),
        has_more: page.has_more,
        data,
    }))
}

impl From<Feedback> for FeedbackItem {
    fn from(feedback: Feedback) -> Self {
        let subject = feedback.subject;
        Self {
            id: feedback.id.uuid(),
            message_id: feedback.message.uuid(),
            question: subject.question,
            answer: subject.answer,
            sources: subject
                .sources
                .into_iter()
                .map(FeedbackSource::from)
                .collect(),
            thumbs_up: feedback.thumbs_up,
            comment: subject.comment,
            created_at: feedback.created_at,
        }
    }
}

impl From<ShownSource> for FeedbackSource {
    fn from(source: ShownSource) -> Self {
        Self {
            passage_id: source.passage_id,
            document_id: source.document_id,
            score: source.score,
        }
    }
}
