//! `GET /api/rooms/{id}/export`: all messages of a room as JSON or Markdown, written page by page, so
//! that a long history is never in memory at once. When a page cannot be read the response breaks off:
//! its JSON is left unterminated, so that nobody takes it for complete.

use crate::extract::caller::{Caller, Chat};
use crate::extract::{PathId, Query, parsed};
use crate::failure::problem::Failure;
use crate::rooms::find;
use crate::rooms::types::{RoomMessageResponse, RoomResponse};
use crate::state::AppState;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures_util::{Stream, TryStreamExt};
use ragd_core::domain::{Message, Order, PageRequest, Room, RoomId};
use ragd_core::error::{Error, Result};
use ragd_store::CountedRoom;
use serde::Deserialize;
use utoipa::IntoParams;

/// The format of an export.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RoomExportQuery {
    /// `json` (the default) or `md`.
    #[param(pattern = "^(json|md)$", default = "json", required = false)]
    format: Option<String>,
}

#[derive(Clone, Copy, Default, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
enum Format {
    #[default]
    Json,
    #[strum(serialize = "md")]
    Markdown,
}

/// Exports all messages of a room, oldest first, as `{"object": "room_export", "version": 1,
/// "exported_at", "room": {…}, "messages": […]}`, or Markdown.
#[utoipa::path(
    get, path = "/api/rooms/{id}/export", tag = "rooms",
    params(("id" = Uuid, Path), RoomExportQuery),
    responses((status = 200, content(("application/json"), ("text/markdown"))))
)]
pub(crate) async fn export(
    State(state): State<AppState>,
    caller: Caller<Chat>,
    PathId(id): PathId<RoomId>,
    Query(query): Query<RoomExportQuery>,
) -> Result<Response, Failure> {
    let format = parsed(
        "format",
        query.format.as_deref(),
        |text| text.parse::<Format>().ok(),
        "'json' or 'md'",
    )?
    .unwrap_or_default();
    let room = find(&state, id, caller.principal.owner).await?;
    let (media_type, extension) = match format {
        Format::Json => ("application/json", "json"),
        Format::Markdown => ("text/markdown; charset=utf-8", "md"),
    };
    let text = exported(state, room, format).inspect_err(move |error| {
        tracing::error!(error = error.chain(), room_id = %id, "an export broke off");
    });
    let mut response = Body::from_stream(text).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    let name = format!("attachment; filename=\"room-{id}.{extension}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

fn exported(
    state: AppState,
    room: CountedRoom,
    format: Format,
) -> impl Stream<Item = Result<String>> + Send + 'static {
    async_stream::try_stream! {
        let (id, owner) = (room.room.id, room.room.owner);
        yield head(&state, room, format)?;
        let mut page = PageRequest {
            limit: PageRequest::MAX_LIMIT,
            order: Order::Ascending,
            ..PageRequest::default()
        };
        let mut is_first = true;
        loop {
            let messages = state.app.chat().messages(id, owner, page).await?;
            page.after = messages.data.last().map(|message| message.id.uuid());
            for message in messages.data {
                yield encode(message, format, is_first)?;
                is_first = false;
            }
            if !messages.has_more {
                break;
            }
        }
        if let Format::Json = format {
            yield "\n]}\n".to_owned();
        }
    }
}

fn head(state: &AppState, room: CountedRoom, format: Format) -> Result<String> {
    match format {
        Format::Json => {
            let now = json(&state.app.clock().now())?;
            let room = json(&RoomResponse::from(room))?;
            Ok(format!(
                "{{\"object\":\"room_export\",\"version\":1,\"exported_at\":{now},\
                 \"room\":{room},\"messages\":["
            ))
        }
        Format::Markdown => Ok(title(&room.room)),
    }
}

fn encode(message: Message, format: Format, is_first: bool) -> Result<String> {
    match format {
        Format::Json => {
            let comma = if is_first { "" } else { "," };
            Ok(format!(
                "{comma}\n{}",
                json(&RoomMessageResponse::from(message))?
            ))
        }
        Format::Markdown => Ok(section(&message)),
    }
}

fn title(room: &Room) -> String {
    format!("# {}\n", room.name)
}

fn section(message: &Message) -> String {
    let time = message
        .created_at
        .to_rfc3339_opts(SecondsFormat::Secs, true);
    let role = message.role.as_str();
    format!("\n## {role}, {time}\n\n{}\n", message.content)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::internal("an export cannot be written").with_source(error))
}
