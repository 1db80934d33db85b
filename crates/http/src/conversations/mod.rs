//! Chat for clients of Flow: a message and a nickname in, the conversation out. The nickname separates
//! the people who share one API key.

mod types;

use crate::audit::rate_limited::refused;
use crate::conversations::types::{
    ConversationCompletionRequest, ConversationCompletionResponse, ConversationListResponse,
    ConversationResponse, ConversationSummary, NicknameQuery,
};
use crate::extract::caller::{Caller, Chat};
use crate::extract::disclosure::Disclosure;
use crate::extract::{Json, Page, PathId, Query};
use crate::failure::problem::Failure;
use crate::state::AppState;
use axum::extract::State;
use axum::http::HeaderMap;
use ragd_core::domain::{Nickname, Question, RoomId, SessionKey};
use ragd_core::error::Error;
use ragd_service::chat::{CODE_SESSION_NOT_FOUND, ChatRequest, Origin, Person};

/// Answers a message from the documents, in a conversation of the nickname.
#[utoipa::path(
    post, path = "/chat/completions", tag = "conversations",
    request_body = ConversationCompletionRequest,
    responses((status = 200, body = ConversationCompletionResponse))
)]
pub(crate) async fn complete(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Json(body): Json<ConversationCompletionRequest>,
) -> Result<(HeaderMap, axum::Json<ConversationCompletionResponse>), Failure> {
    answer(&state, &caller, body, disclosure).await
}

/// The same as `POST /chat/completions`, at the path that other clients of Flow use.
#[utoipa::path(
    post, path = "/api/chat/completions", tag = "conversations",
    request_body = ConversationCompletionRequest,
    responses((status = 200, body = ConversationCompletionResponse))
)]
pub(crate) async fn complete_api(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Json(body): Json<ConversationCompletionRequest>,
) -> Result<(HeaderMap, axum::Json<ConversationCompletionResponse>), Failure> {
    answer(&state, &caller, body, disclosure).await
}

/// Lists the conversations of a nickname.
#[utoipa::path(
    get, path = "/api/conversations", tag = "conversations",
    params(Page, NicknameQuery),
    responses((status = 200, body = ConversationListResponse))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Query(page): Query<Page>,
    Query(query): Query<NicknameQuery>,
) -> Result<axum::Json<ConversationListResponse>, Failure> {
    let person = person_of(&caller, query.nickname()?);
    let chat = state.app.chat();
    let page = chat.conversations(&person, page.request()?).await?;
    let summaries = page.data.into_iter();
    let summaries = summaries.map(|(room, messages)| ConversationSummary::new(room, messages));
    let body = ConversationListResponse::new(summaries.collect(), page.has_more);
    Ok(axum::Json(body))
}

/// Gets a conversation of a nickname, with its last messages.
#[utoipa::path(
    get, path = "/api/conversations/{id}", tag = "conversations",
    params(("id" = Uuid, Path), NicknameQuery),
    responses((status = 200, body = ConversationResponse))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    id: Result<PathId<RoomId>, Failure>,
    Query(person): Query<NicknameQuery>,
) -> Result<axum::Json<ConversationResponse>, Failure> {
    let nickname = person.nickname()?;
    let PathId(id) = id?;
    let person = person_of(&caller, nickname);
    let found = state.app.chat().conversation(&person, id).await?;
    let found = found.ok_or_else(PathId::<RoomId>::not_found)?;
    Ok(axum::Json(found.into()))
}

async fn answer(
    state: &AppState,
    caller: &Caller<Chat>,
    body: ConversationCompletionRequest,
    disclosure: Disclosure,
) -> Result<(HeaderMap, axum::Json<ConversationCompletionResponse>), Failure> {
    let nickname = Nickname::parse(&body.nickname)?;
    let request = ChatRequest {
        question: Question::parse_field("message", &body.message)?,
        session: body.conversation_id.as_deref().map(key_of).transpose()?,
        history: None,
        room: None,
        collection: None,
        model: None,
        provider: None,
        top_k: None,
        temperature: None,
        max_tokens: None,
        origin: Origin {
            address: caller.address(),
            nickname: Some(nickname.clone()),
        },
    };
    let chat = state.app.chat();
    let answer = match chat.turn(&caller.principal, request).await {
        Ok(answer) => answer,
        Err(error) => return Err(refused(state, caller, error).await),
    };
    let id = RoomId::parse(&answer.session_id).ok_or_else(unknown)?;
    let person = person_of(caller, nickname);
    let conversation = chat.conversation(&person, id).await?;
    let conversation = conversation.ok_or_else(unknown)?;
    let headers = disclosure.of_answer(&answer, &state.metrics);
    let body = ConversationCompletionResponse::new(answer, conversation);
    Ok((headers, axum::Json(body)))
}

fn person_of(caller: &Caller<Chat>, nickname: Nickname) -> Person {
    Person {
        owner: caller.principal.owner,
        nickname,
    }
}

/// The session of a conversation id.
///
/// # Errors
/// `NotFound` for a malformed id.
fn key_of(id: &str) -> Result<SessionKey, Failure> {
    let id = RoomId::parse(id).ok_or_else(unknown)?;
    Ok(SessionKey::parse(&id.to_string())?)
}

fn unknown() -> Error {
    Error::not_found("Session not found: there is no conversation with this id")
        .with_code(CODE_SESSION_NOT_FOUND)
}
