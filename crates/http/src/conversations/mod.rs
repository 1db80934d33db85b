//! Chat in the shape of Flow's clients: a message and a nickname in, the conversation out. The answer
//! is made as every other is; a nickname tells the people apart whom one API key serves.

mod types;

use crate::audit::rate_limited::refused;
use crate::conversations::types::{
    CompletionBody, ConversationBody, ConversationListBody, MessageBody, SummaryBody,
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
use ragd_service::chat::{self, CODE_SESSION_NOT_FOUND, ChatRequest, Origin};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// A message.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MessageInBody {
    #[schema(
        min_length = 1,
        max_length = 8000,
        example = "How long is the guarantee?"
    )]
    message: String,
    /// The conversation that it belongs to; left out: a new one.
    #[schema(value_type = Option<Uuid>)]
    conversation_id: Option<String>,
    /// Who speaks, of those whom the API key serves.
    #[schema(min_length = 1, max_length = 64, example = "ana")]
    nickname: String,
}

/// Whose conversations are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Person {
    /// Who asks, of those whom the API key serves.
    #[param(min_length = 1, max_length = 64)]
    nickname: Option<String>,
}

impl Person {
    fn nickname(&self) -> Result<Nickname, Failure> {
        let text = self.nickname.as_deref().unwrap_or_default();
        Ok(Nickname::parse(text)?)
    }
}

/// Answers a message from the documents, in a conversation of the nickname's own.
#[utoipa::path(
    post, path = "/chat/completions", tag = "conversations",
    request_body = MessageInBody,
    responses((status = 200, body = CompletionBody))
)]
pub(crate) async fn complete(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Json(body): Json<MessageInBody>,
) -> Result<(HeaderMap, axum::Json<CompletionBody>), Failure> {
    answer((&state, &caller), body, disclosure).await
}

/// The same at the address that other clients of Flow use.
#[utoipa::path(
    post, path = "/api/chat/completions", tag = "conversations",
    request_body = MessageInBody,
    responses((status = 200, body = CompletionBody))
)]
pub(crate) async fn complete_api(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    disclosure: Disclosure,
    Json(body): Json<MessageInBody>,
) -> Result<(HeaderMap, axum::Json<CompletionBody>), Failure> {
    answer((&state, &caller), body, disclosure).await
}

/// The conversations of a nickname.
#[utoipa::path(
    get, path = "/api/conversations", tag = "conversations",
    params(Page, Person),
    responses((status = 200, body = ConversationListBody))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    Query(page): Query<Page>,
    Query(person): Query<Person>,
) -> Result<axum::Json<ConversationListBody>, Failure> {
    let person = person_of(&caller, person.nickname()?);
    let chat = state.app.chat();
    let page = chat.conversations(&person, page.request()?).await?;
    let data: Vec<SummaryBody> = page.data.into_iter().map(SummaryBody::from).collect();
    Ok(axum::Json(ConversationListBody::new(data, page.has_more)))
}

/// A conversation of a nickname, with its last messages.
#[utoipa::path(
    get, path = "/api/conversations/{id}", tag = "conversations",
    params(("id" = Uuid, Path), Person),
    responses((status = 200, body = ConversationBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    id: Result<PathId<RoomId>, Failure>,
    Query(person): Query<Person>,
) -> Result<axum::Json<ConversationBody>, Failure> {
    let nickname = person.nickname()?;
    let PathId(id) = id?;
    let person = person_of(&caller, nickname);
    let found = state.app.chat().conversation(&person, id).await?;
    let found = found.ok_or_else(PathId::<RoomId>::not_found)?;
    Ok(axum::Json(found.into()))
}

async fn answer(
    (state, caller): (&AppState, &Caller<Chat>),
    body: MessageInBody,
    disclosure: Disclosure,
) -> Result<(HeaderMap, axum::Json<CompletionBody>), Failure> {
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
    let messages: Vec<MessageBody> = conversation
        .messages
        .into_iter()
        .map(MessageBody::from)
        .collect();
    let at = conversation.room.updated_at;
    let headers = disclosure.of_answer(&answer, &state.metrics);
    let body = CompletionBody::new(answer, (id, at), messages);
    Ok((headers, axum::Json(body)))
}

fn person_of(caller: &Caller<Chat>, nickname: Nickname) -> chat::Person {
    chat::Person {
        owner: caller.principal.owner,
        nickname,
    }
}

/// What is no id names no conversation.
fn key_of(id: &str) -> Result<SessionKey, Failure> {
    let id = RoomId::parse(id).ok_or_else(unknown)?;
    Ok(SessionKey::parse(&id.to_string())?)
}

fn unknown() -> Error {
    Error::not_found("Session not found: there is no conversation with this id")
        .with_code(CODE_SESSION_NOT_FOUND)
}
