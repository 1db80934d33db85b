//! OpenAI's answers written out of pieces, for the wires that speak another shape: the `choices` of
//! a streamed chunk, and a whole `chat.completion`. It reads nothing and decides nothing but
//! whether an answer is empty.

use super::call::ToolCall;
use crate::wire::{Chunk, Refusal};
use crate::{ChatReply, FinishReason, ProviderErrorKind, Usage};
use serde::Serialize;

/// What one event of a stream adds to the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// More text; may be empty.
    pub text: String,
    /// More of the model's reasoning; may be empty.
    pub reasoning: String,
    /// Calls that begin or go on.
    pub calls: Vec<CallDelta>,
    /// Why the answer ended, when it has.
    pub finish_reason: Option<FinishReason>,
}

/// A call that begins (it has an id and a name) or goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallDelta {
    /// The call's place among the answer's calls, from 0.
    pub index: usize,
    /// What begins; `None` when more of the arguments has come.
    pub head: Option<CallHead>,
    /// More of the arguments' JSON text.
    pub arguments: String,
}

/// What is said once of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallHead {
    /// The call's id.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// See [`ToolCall::thought_signature`].
    pub thought_signature: Option<String>,
}

/// Writes the chunks of one stream: it remembers whether the role has been said, which OpenAI's
/// clients expect in the first delta alone.
#[derive(Debug, Default)]
pub struct ChunkWriter {
    role_said: bool,
}

impl ChunkWriter {
    /// The chunk for `delta`. Its `choices` stay empty when the delta is empty.
    pub fn chunk(&mut self, delta: Delta) -> Chunk {
        let has_answer = !delta.calls.is_empty();
        let other_content = has_answer || !delta.reasoning.is_empty();
        let says = other_content || !delta.text.is_empty() || delta.finish_reason.is_some();
        let names_role = says && !self.role_said;
        self.role_said |= says;
        let choices = if says {
            text_of(&[choice(&delta, names_role.then_some("assistant"))])
        } else {
            String::new()
        };
        Chunk {
            text: delta.text,
            other_content,
            has_answer,
            finish_reason: delta.finish_reason,
            choices,
            names_role,
            ..Chunk::default()
        }
    }
}

/// The end of an answer as OpenAI names it: one that stopped by itself after asking for calls ended
/// for them, whatever the vendor's word for it.
pub fn settled(reason: FinishReason, has_calls: bool) -> FinishReason {
    match reason {
        FinishReason::Stop if has_calls => FinishReason::ToolCalls,
        reason => reason,
    }
}

/// A whole answer in pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The upstream's id of the answer, or another text that is its own; goes behind `chatcmpl-`.
    pub id: String,
    /// The model that gave it.
    pub model: String,
    /// The text.
    pub text: String,
    /// The model's reasoning, where it shows it.
    pub reasoning: String,
    /// The calls that it asks for.
    pub calls: Vec<ToolCall>,
    /// The finish reason, as the vendor reports it; `Stop` with calls becomes `ToolCalls`.
    pub finish_reason: FinishReason,
    /// What it took.
    pub usage: Usage,
}

impl Answer {
    /// The answer as OpenAI's `chat.completion`; `created` is in seconds since 1970.
    ///
    /// # Errors
    /// `Empty` when it holds no call and no text but white space, and neither a limit nor a filter
    /// cut it off.
    pub fn into_reply(self, created: u64) -> Result<ChatReply, Refusal> {
        let finish_reason = settled(self.finish_reason, !self.calls.is_empty());
        let is_cut = matches!(
            finish_reason,
            FinishReason::Length | FinishReason::ContentFilter
        );
        let is_visible = !self.text.trim().is_empty() || !self.calls.is_empty();
        if !is_visible && !is_cut {
            return Err(Refusal {
                kind: ProviderErrorKind::Empty,
                reason: format!(
                    "the answer is empty (it ended with {})",
                    finish_reason.as_str()
                ),
            });
        }
        let json = text_of(&completion(&self, finish_reason, created));
        Ok(ChatReply {
            text: self.text,
            model: self.model,
            is_withheld: !is_visible,
            finish_reason,
            usage: self.usage,
            json: json.into(),
        })
    }
}

/// JSON text of a value made of texts and numbers alone, whose writing cannot fail.
fn text_of<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Serialize)]
struct ChoiceJson<'a> {
    index: u32,
    delta: DeltaJson<'a>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct DeltaJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning_content: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallJson<'a>>,
}

#[derive(Serialize)]
struct CallJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: FunctionJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<ExtraJson<'a>>,
}

#[derive(Serialize)]
struct FunctionJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize)]
struct ExtraJson<'a> {
    google: GoogleJson<'a>,
}

#[derive(Serialize)]
struct GoogleJson<'a> {
    thought_signature: &'a str,
}

fn extra(thought_signature: Option<&str>) -> Option<ExtraJson<'_>> {
    thought_signature.map(|thought_signature| ExtraJson {
        google: GoogleJson { thought_signature },
    })
}

fn choice<'a>(delta: &'a Delta, role: Option<&'static str>) -> ChoiceJson<'a> {
    let tool_calls = delta.calls.iter().map(|call| {
        let head = call.head.as_ref();
        CallJson {
            index: Some(call.index),
            id: head.map(|head| head.id.as_str()),
            kind: head.map(|_| "function"),
            function: FunctionJson {
                name: head.map(|head| head.name.as_str()),
                arguments: &call.arguments,
            },
            extra_content: extra(head.and_then(|head| head.thought_signature.as_deref())),
        }
    });
    ChoiceJson {
        index: 0,
        delta: DeltaJson {
            role,
            reasoning_content: &delta.reasoning,
            content: &delta.text,
            tool_calls: tool_calls.collect(),
        },
        finish_reason: delta.finish_reason.map(FinishReason::as_str),
    }
}

#[derive(Serialize)]
struct CompletionJson<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [WholeChoiceJson<'a>; 1],
    usage: Usage,
}

#[derive(Serialize)]
struct WholeChoiceJson<'a> {
    index: u32,
    message: MessageJson<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct MessageJson<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning_content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallJson<'a>>,
}

fn completion(answer: &Answer, finish_reason: FinishReason, created: u64) -> CompletionJson<'_> {
    let tool_calls = answer.calls.iter().map(|call| CallJson {
        index: None,
        id: Some(&call.id),
        kind: Some("function"),
        function: FunctionJson {
            name: Some(&call.name),
            arguments: &call.arguments,
        },
        extra_content: extra(call.thought_signature.as_deref()),
    });
    // OpenAI sends null beside calls; text that is missing for another reason is an empty text.
    let content = (!answer.text.is_empty() || answer.calls.is_empty()).then_some(&*answer.text);
    CompletionJson {
        id: format!("chatcmpl-{}", answer.id),
        object: "chat.completion",
        created,
        model: &answer.model,
        choices: [WholeChoiceJson {
            index: 0,
            message: MessageJson {
                role: "assistant",
                content,
                refusal: None,
                reasoning_content: &answer.reasoning,
                tool_calls: tool_calls.collect(),
            },
            logprobs: None,
            finish_reason: finish_reason.as_str(),
        }],
        usage: answer.usage,
    }
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
