//! The text that answers a turn, from a provider of its route, or from the sources' own sentences
//! where the route ends there. A provider's failure is an error, never an answer.

use super::Chat;
use super::extract::EXTRACTIVE;
use super::prompt;
use super::single_flight::ProgressSender;
use super::source::RetrievedSources;
use super::turn::Turn;
use futures_util::StreamExt;
use ragd_core::error::{Error, Result};
use ragd_language::extractive::NOT_FOUND;
use ragd_llm::{
    ChatRequest, CompletionStream, FinishReason, RouteError, RouteErrorKind, Served, StreamEvent,
    Usage,
};

/// The text of an answer that a filter, or the model itself, withheld.
const WITHHELD_BY_FILTER: &str =
    "The model gave no answer: it, or a content filter of its provider, declined the question.";
/// The text of an answer of which the limit of tokens left nothing.
const WITHHELD_BY_LIMIT: &str = "The model reached its limit of tokens before it wrote any text. \
    A higher max_tokens leaves it room to answer.";

/// What a provider replied.
#[derive(Debug)]
pub(super) struct ModelReply {
    pub(super) text: String,
    pub(super) finish_reason: FinishReason,
    /// Whether nothing of an answer can be seen.
    pub(super) is_withheld: bool,
    pub(super) usage: Usage,
    /// The model, as its provider names it.
    pub(super) model: String,
    pub(super) served: Served,
}

impl ModelReply {
    /// A text that no model wrote.
    fn without_model(text: String, served: Served) -> Self {
        Self {
            text,
            finish_reason: FinishReason::Stop,
            is_withheld: false,
            usage: Usage::default(),
            model: served.model.clone(),
            served,
        }
    }

    /// The part of a reply whose stream broke off.
    pub(super) fn partial(turn: &Turn, text: String) -> Self {
        Self {
            text,
            finish_reason: FinishReason::Stop,
            is_withheld: false,
            usage: Usage::default(),
            model: String::new(),
            served: turn.requested(),
        }
    }

    /// The reply with a text that says what happened, where a filter or a limit left none. No tool was
    /// offered, so another reply without text is an error.
    fn with_text(mut self) -> Result<Self> {
        if !self.text.trim().is_empty() {
            return Ok(self);
        }
        self.text = match self.finish_reason {
            FinishReason::ContentFilter => WITHHELD_BY_FILTER.to_owned(),
            FinishReason::Length => WITHHELD_BY_LIMIT.to_owned(),
            FinishReason::Stop | FinishReason::ToolCalls => {
                let provider = &self.served.provider;
                return Err(unavailable(&format!("{provider}: the answer has no text")));
            }
        };
        Ok(self)
    }
}

impl Chat {
    /// Has the turn's route answer from `retrieved`. A streamed reply is sent to `progress` as it
    /// comes.
    ///
    /// # Errors
    /// `Unavailable` (code `llm_unavailable`) when no provider answers; `RateLimited` when the
    /// provider's limit is reached; `Invalid` when it refuses the request.
    pub(super) async fn reply(
        &self,
        turn: &Turn,
        retrieved: &RetrievedSources,
        progress: &ProgressSender,
    ) -> Result<ModelReply> {
        let route = &turn.route;
        if retrieved.sources.is_empty() {
            let text = NOT_FOUND.to_owned();
            return Ok(ModelReply::without_model(text, turn.requested()));
        }
        // A route whose providers are all switched off asks nobody either, but that is an outage.
        if route.calls_no_provider() && route.ends_extractive() {
            let served = Served::default();
            return self.extractive_reply(retrieved, served).await;
        }
        match self.upstream_reply(turn, retrieved, progress).await? {
            Ok(reply) => Ok(reply),
            Err(error) if route.ends_extractive() && is_outage(&error) => {
                tracing::warn!("{error}; the answer is extracted from the sources instead");
                let served = Served {
                    attempts: error.attempts,
                    is_fallback: true,
                    ..Served::default()
                };
                self.extractive_reply(retrieved, served).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The reply of a provider; the inner error is one that the extractive answer may stand in for.
    async fn upstream_reply(
        &self,
        turn: &Turn,
        retrieved: &RetrievedSources,
        progress: &ProgressSender,
    ) -> Result<Result<ModelReply, RouteError>> {
        let request = self.upstream_request(turn, retrieved)?;
        let (router, route) = (&self.parts.router, &turn.route);
        if turn.streamed {
            return match router.stream(route, &request).await {
                Ok(answering) => read_stream(answering, progress).await.map(Ok),
                Err(error) => Ok(Err(error)),
            };
        }
        match router.complete(route, &request).await {
            Ok(completed) => ModelReply {
                text: completed.reply.text,
                finish_reason: completed.reply.finish_reason,
                is_withheld: completed.reply.is_withheld,
                usage: completed.reply.usage,
                model: completed.reply.model,
                served: completed.served,
            }
            .with_text()
            .map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The sources' own sentences; `served` says what was tried before.
    async fn extractive_reply(
        &self,
        retrieved: &RetrievedSources,
        served: Served,
    ) -> Result<ModelReply> {
        let text = self.extract_answer(&retrieved.searched, retrieved).await?;
        let served = Served {
            provider: EXTRACTIVE.to_owned(),
            model: EXTRACTIVE.to_owned(),
            ..served
        };
        Ok(ModelReply::without_model(text, served))
    }

    fn upstream_request(&self, turn: &Turn, retrieved: &RetrievedSources) -> Result<ChatRequest> {
        let request = &turn.request;
        let messages = prompt::messages(&retrieved.sources, &turn.history, &request.question);
        let max_tokens = self.max_tokens(turn);
        ChatRequest::of_messages(&messages)
            .and_then(|call| call.with("temperature", request.temperature.as_ref()))
            .and_then(|call| call.with("max_tokens", Some(&max_tokens)))
            .map_err(|error| Error::internal("the prompt is not JSON").with_source(error))
    }

    /// The longest answer, in the model's tokens.
    pub(super) fn max_tokens(&self, turn: &Turn) -> u32 {
        let configured = self.settings.max_tokens;
        turn.request.max_tokens.unwrap_or(configured)
    }
}

/// Sends every piece of a stream to `progress` as it comes, and returns the whole at its end.
async fn read_stream(answering: CompletionStream, progress: &ProgressSender) -> Result<ModelReply> {
    let CompletionStream { mut events, served } = answering;
    progress.send_modify(|progress| progress.served = Some(served.clone()));
    let mut text = String::new();
    let mut end = Err(unavailable("the stream did not end"));
    while let Some(event) = events.next().await {
        match event {
            Ok(StreamEvent::Piece(piece)) if piece.text.is_empty() => {}
            Ok(StreamEvent::Piece(piece)) => {
                text.push_str(&piece.text);
                progress.send_modify(|progress| progress.tokens.push(piece.text));
            }
            Ok(StreamEvent::Done(done)) => end = Ok(done),
            Err(error) => end = Err(unavailable(&error.to_string())),
        }
    }
    let done = end?;
    let had_text = !text.trim().is_empty();
    let reply = ModelReply {
        text,
        finish_reason: done.finish_reason,
        is_withheld: done.is_withheld,
        usage: done.usage,
        model: done.model,
        served,
    }
    .with_text()?;
    if !had_text {
        progress.send_modify(|progress| progress.tokens.push(reply.text.clone()));
    }
    Ok(reply)
}

fn unavailable(message: &str) -> Error {
    Error::unavailable(message).with_code("llm_unavailable")
}

/// Whether no provider answered for a reason that is not the request's fault.
fn is_outage(error: &RouteError) -> bool {
    !matches!(error.kind, RouteErrorKind::Refused(_))
}
