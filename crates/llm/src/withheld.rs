//! The answer to a request that a filter of the upstream refuses: an answer without text whose reason to
//! stop is `content_filter`, whole or streamed.

use super::answer::Answer;
use super::openai::{Envelope, compose};
use super::wire::Refusal;
use super::{ChatReply, ChatStream, FinishReason, ProviderError, StreamEvent};
use futures_util::{StreamExt, stream};
use std::collections::VecDeque;

/// The whole answer of `model`, in the envelope of a stream's.
pub(super) fn reply(id: &str, model: &str, created: u64) -> Result<ChatReply, Refusal> {
    compose::Answer {
        id: id.trim_start_matches("chatcmpl-").to_owned(),
        model: model.to_owned(),
        finish_reason: FinishReason::ContentFilter,
        ..compose::Answer::default()
    }
    .into_reply(created)
}

/// The same as a stream.
pub(super) fn streamed(envelope: Envelope, model: &str) -> Result<ChatStream, String> {
    let mut answer = Answer::new(envelope, model.to_owned());
    let mut pieces = VecDeque::new();
    answer.end_filtered();
    answer.complete(&mut pieces)?;
    let events = pieces.into_iter().map(StreamEvent::Piece);
    let end = answer.take_ending().map(StreamEvent::Done);
    let events: Vec<Result<StreamEvent, ProviderError>> = events.chain(end).map(Ok).collect();
    Ok(stream::iter(events).boxed())
}
