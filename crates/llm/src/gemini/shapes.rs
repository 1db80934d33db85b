//! The shape that answers and stream events share: a stream here is the whole answer's shape again
//! and again. Unknown fields and kinds of parts are passed over; what blocks or breaks an answer is
//! refused.

use super::call_id::made_up;
use super::error_body::refusal;
use crate::openai::call::ToolCall;
use crate::wire::Refusal;
use crate::{FinishReason, ProviderErrorKind, Usage};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What comes: a whole answer, or a piece of a stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    #[serde(default)]
    candidates: Option<Vec<Candidate>>,
    #[serde(default)]
    prompt_feedback: Option<PromptFeedback>,
    #[serde(default)]
    usage_metadata: Option<UsageMetadata>,
    /// The model that answers.
    #[serde(default)]
    pub model_version: Option<String>,
    /// The answer's id.
    #[serde(default)]
    pub response_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    index: u32,
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    finish_reason: Option<String>,
    #[serde(default)]
    finish_message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Content {
    #[serde(default)]
    parts: Option<Vec<Part>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thought: Option<bool>,
    #[serde(default)]
    thought_signature: Option<String>,
    #[serde(default)]
    function_call: Option<FunctionCall>,
}

#[derive(Debug, Deserialize)]
struct FunctionCall {
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default)]
    args: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback {
    #[serde(default)]
    block_reason: Option<String>,
    #[serde(default)]
    block_reason_message: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageMetadata {
    #[serde(default)]
    prompt_token_count: u64,
    #[serde(default)]
    tool_use_prompt_token_count: u64,
    #[serde(default)]
    candidates_token_count: u64,
    #[serde(default)]
    thoughts_token_count: u64,
    #[serde(default)]
    total_token_count: u64,
}

impl From<UsageMetadata> for Usage {
    fn from(wire: UsageMetadata) -> Self {
        let prompt_tokens = wire
            .prompt_token_count
            .saturating_add(wire.tool_use_prompt_token_count);
        let completion_tokens = wire
            .candidates_token_count
            .saturating_add(wire.thoughts_token_count);
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: match wire.total_token_count {
                0 => prompt_tokens.saturating_add(completion_tokens),
                total => total,
            },
        }
    }
}

/// The content of the first candidate. We never ask for more than one.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Text.
    pub text: String,
    /// Reasoning.
    pub reasoning: String,
    /// Calls, complete.
    pub calls: Vec<ToolCall>,
    /// Why it ended, when it has.
    pub finish_reason: Option<FinishReason>,
}

impl Response {
    /// Reads a body or an event's data; `what` names it in a refusal.
    ///
    /// # Errors
    /// The error that it holds by its kind; `Filtered` when the prompt was blocked; `Malformed`
    /// for another shape.
    pub fn read(json: &[u8], what: &str) -> Result<Self, Refusal> {
        let body: Value = serde_json::from_slice(json)
            .map_err(|error| Refusal::malformed(format!("{what} is not JSON: {error}")))?;
        if let Some(refusal) = refusal(&body, &format!("{what} holds an error")) {
            return Err(refusal);
        }
        // Read from the text again, which keeps the arguments of calls as the model wrote them.
        let response: Self = serde_json::from_slice(json)
            .map_err(|error| Refusal::malformed(format!("{what} has another shape: {error}")))?;
        if response.candidates.is_none()
            && response.prompt_feedback.is_none()
            && response.usage_metadata.is_none()
        {
            return Err(Refusal::malformed(format!("{what} has another shape")));
        }
        response.unless_blocked()
    }

    fn unless_blocked(self) -> Result<Self, Refusal> {
        let blocked = self.prompt_feedback.as_ref().and_then(|feedback| {
            let reason = feedback.block_reason.as_deref()?;
            let message = feedback.block_reason_message.as_deref();
            Some(with_message("the prompt was blocked", reason, message))
        });
        match blocked {
            Some(reason) if self.candidates.as_ref().is_none_or(Vec::is_empty) => Err(Refusal {
                kind: ProviderErrorKind::Filtered,
                reason,
            }),
            _ => Ok(self),
        }
    }

    /// The usage, where it is reported.
    pub fn usage(&self) -> Option<Usage> {
        self.usage_metadata.map(Usage::from)
    }

    /// The content of the first candidate, after `calls_before` calls of the same answer.
    ///
    /// # Errors
    /// `Server` when the candidate ended with a failure.
    pub fn into_pieces(self, calls_before: usize) -> Result<Pieces, Refusal> {
        let candidate = self
            .candidates
            .into_iter()
            .flatten()
            .find(|candidate| candidate.index == 0)
            .unwrap_or_default();
        let mut pieces = Pieces {
            finish_reason: finish_reason(&candidate)?,
            ..Pieces::default()
        };
        let answer_id = self.response_id.unwrap_or_default();
        let parts = candidate.content.and_then(|content| content.parts);
        for part in parts.into_iter().flatten() {
            if let Some(call) = part.function_call {
                let index = calls_before + pieces.calls.len();
                let call = tool_call(call, index, &answer_id);
                pieces.calls.push(ToolCall {
                    thought_signature: part.thought_signature,
                    ..call
                });
            } else if part.thought == Some(true) {
                pieces.reasoning.push_str(&part.text.unwrap_or_default());
            } else {
                pieces.text.push_str(&part.text.unwrap_or_default());
            }
        }
        Ok(pieces)
    }
}

fn tool_call(call: FunctionCall, index: usize, answer_id: &str) -> ToolCall {
    let arguments = call
        .args
        .filter(|args| args.get() != "null")
        .map_or_else(|| "{}".to_owned(), |args| args.get().to_owned());
    let id = call
        .id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| made_up(index, &[answer_id, &call.name, &arguments]));
    ToolCall {
        id,
        name: call.name,
        arguments,
        thought_signature: None,
    }
}

/// The finish reason by its name. Unknown names are failures, as most of those here are.
fn finish_reason(candidate: &Candidate) -> Result<Option<FinishReason>, Refusal> {
    let Some(word) = candidate.finish_reason.as_deref() else {
        return Ok(None);
    };
    match word {
        "" | "FINISH_REASON_UNSPECIFIED" => Ok(None),
        "STOP" => Ok(Some(FinishReason::Stop)),
        "MAX_TOKENS" => Ok(Some(FinishReason::Length)),
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "LANGUAGE" => Ok(Some(FinishReason::ContentFilter)),
        // A call that cannot be read, and "all other reasons".
        word => {
            let message = candidate.finish_message.as_deref();
            Err(Refusal::server(with_message(
                "the answer ended with a failure",
                word,
                message,
            )))
        }
    }
}

fn with_message(what: &str, word: &str, message: Option<&str>) -> String {
    match message {
        Some(message) if !message.is_empty() => format!("{what} ({word}): {message}"),
        _ => format!("{what} ({word})"),
    }
}
