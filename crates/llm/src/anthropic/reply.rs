//! A whole answer out of the body of a 200. A body that holds an error, or nothing, is no answer.

use super::error_body::refusal;
use super::shapes::{Block, WireUsage, finish_reason};
use crate::openai::call::ToolCall;
use crate::openai::compose::Answer;
use crate::wire::Refusal;
use crate::{ChatReply, FinishReason};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: Option<String>,
    content: Vec<Block>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<WireUsage>,
}

/// Reads the body; `asked_model` stands in where the upstream names none, and `created` (seconds
/// since 1970) is the time that the answer is given in OpenAI's form.
///
/// # Errors
/// The error that the body holds by its kind; `Malformed` for another shape; `Empty` for an answer
/// without text, calls and reasoning.
pub fn parse_reply(bytes: &[u8], asked_model: &str, created: u64) -> Result<ChatReply, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::malformed(format!("the answer is not JSON: {error}")))?;
    if let Some(refusal) = refusal(&body, "answered 200 with an error") {
        return Err(refusal);
    }
    // Read from the text again, which keeps the arguments of calls as the model wrote them.
    let body: Body = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::malformed(format!("the answer has another shape: {error}")))?;
    let mut answer = Answer {
        id: body.id,
        model: body
            .model
            .filter(|model| !model.is_empty())
            .unwrap_or_else(|| asked_model.to_owned()),
        finish_reason: body
            .stop_reason
            .as_deref()
            .map_or(FinishReason::Stop, finish_reason),
        usage: body.usage.unwrap_or_default().into(),
        ..Answer::default()
    };
    for block in body.content {
        take(&mut answer, block)?;
    }
    answer.into_reply(created)
}

fn take(answer: &mut Answer, block: Block) -> Result<(), Refusal> {
    match block.kind.as_str() {
        "text" => answer.text.push_str(&block.text.unwrap_or_default()),
        "thinking" => answer
            .reasoning
            .push_str(&block.thinking.unwrap_or_default()),
        "tool_use" => answer.calls.push(tool_call(block)?),
        // Hidden reasoning, and the vendor's own tools, which we never ask for.
        _ => {}
    }
    Ok(())
}

fn tool_call(block: Block) -> Result<ToolCall, Refusal> {
    match (block.id, block.name) {
        (Some(id), Some(name)) => Ok(ToolCall {
            id,
            name,
            arguments: block
                .input
                .map_or_else(|| "{}".to_owned(), |input| input.get().to_owned()),
            thought_signature: None,
        }),
        _ => Err(Refusal::malformed("a call has no id or no name")),
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
