//! The start of a chat stream: the response's status waits for the first content, so that an early
//! failure gets a status of its own.

use crate::extract::disclosure::Disclosure;
use crate::metrics::HttpMetrics;
use axum::http::HeaderMap;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use ragd_core::error::Error;
use ragd_service::chat::ChatEvent;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// After this time without content the response starts with 200 and a comment.
const COMMIT_AFTER: Duration = Duration::from_secs(10);

/// A stream whose response may start: its first content has come, or `COMMIT_AFTER` has passed.
pub(crate) struct StartedStream {
    /// The events that came while waiting, to be sent first.
    pub(crate) held: Vec<ChatEvent>,
    /// The events that follow.
    pub(crate) events: BoxStream<'static, ChatEvent>,
}

impl StartedStream {
    /// Waits for the first content.
    ///
    /// # Errors
    /// The error that ended the stream before any content.
    pub(crate) async fn of(mut events: BoxStream<'static, ChatEvent>) -> Result<Self, Error> {
        let mut held = Vec::new();
        let commit_at = Instant::now() + COMMIT_AFTER;
        while let Ok(Some(event)) = timeout_at(commit_at, events.next()).await {
            match event {
                ChatEvent::Error { error, .. } => return Err(error),
                event => {
                    let is_content = matches!(event, ChatEvent::Token(_) | ChatEvent::Done(_));
                    held.push(event);
                    if is_content {
                        break;
                    }
                }
            }
        }
        Ok(Self { held, events })
    }

    /// The headers that name the provider and model, where they are known.
    pub(crate) fn headers(&self, disclosure: Disclosure, metrics: &HttpMetrics) -> HeaderMap {
        let known = self.held.iter().find_map(|event| match event {
            ChatEvent::Answering(served) => Some(disclosure.headers(served, metrics)),
            ChatEvent::Done(answer) => Some(disclosure.of_answer(answer, metrics)),
            _ => None,
        });
        known.unwrap_or_default()
    }
}
