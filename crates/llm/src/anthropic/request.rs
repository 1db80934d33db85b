//! A chat call as Anthropic's JSON. Wishes that this wire has no field for are left out when they
//! only shape the answer (`seed`, penalties, `logprobs`, `reasoning_effort`), turned into an instruction
//! where that works (`response_format`), and refused otherwise.

use super::sampling::Sampling;
use super::tools::{Choice, Tool, tools};
use crate::ChatRequest;
use crate::openai::call::{Call, Image, Message, Part, ToolCall, Unsendable, says_nothing};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// This wire demands a limit; this one holds when the caller sets none.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The pictures that this wire takes.
const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Where calls go, below the base URL.
pub fn path(_model: &str, _stream: bool) -> String {
    "messages".to_owned()
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    messages: Vec<Turn<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: &'a str,
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Box<RawValue>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "str::is_empty")]
        content: &'a str,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Url { url: &'a str },
}

/// The body of a call of `model`.
///
/// # Errors
/// When the request holds something that this format cannot take.
pub fn body(request: &ChatRequest, model: &str, stream: bool) -> Result<Vec<u8>, Unsendable> {
    let call = Call::of(&request.fields)?;
    let sampling = Sampling::of(&call, model);
    let system = [call.system(), call.format.instruction()]
        .into_iter()
        .flatten()
        .reduce(|system, instruction| format!("{system}\n\n{instruction}"));
    let mut messages = turns(&call)?;
    // System messages alone are sent as a user message here.
    let (system, asked) = if messages.is_empty() {
        (None, system)
    } else {
        (system, None)
    };
    if messages.is_empty() {
        let text = asked.as_deref().ok_or_else(says_nothing)?;
        messages.push(Turn {
            role: "user",
            content: vec![Block::Text { text }],
        });
    }
    let (tools, tool_choice) = tools(&call)?;
    let body = Body {
        model,
        max_tokens: call.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        system,
        messages,
        stream,
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        stop_sequences: stop_sequences(&call)?,
        tools,
        tool_choice,
        metadata: metadata(&call),
    };
    serde_json::to_vec(&body)
        .map_err(|error| Unsendable(format!("the request could not be written: {error}")))
}

/// The vendor wants no names or addresses of people, and short ids only.
fn metadata(call: &Call) -> Option<Metadata<'_>> {
    let user_id = call.user.as_deref()?;
    let fits = !user_id.is_empty() && user_id.len() <= 256 && !user_id.contains('@');
    fits.then_some(Metadata { user_id })
}

fn stop_sequences(call: &Call) -> Result<&[String], Unsendable> {
    if call.stop.iter().any(|stop| stop.trim().is_empty()) {
        return Err(Unsendable(
            "`stop`: this provider takes no stop sequence of white space alone".to_owned(),
        ));
    }
    Ok(&call.stop)
}

/// The conversation without its system messages; neighbours of one role are one turn, so that all
/// results of one turn's calls stand together.
fn turns(call: &Call) -> Result<Vec<Turn<'_>>, Unsendable> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in &call.messages {
        let (role, blocks) = match message {
            Message::System(_) => continue,
            Message::User(parts) => ("user", user_blocks(parts)?),
            Message::Assistant { text, calls } => ("assistant", assistant_blocks(text, calls)?),
            Message::Tool { id, text, .. } => ("user", vec![tool_result(id, text)]),
        };
        match turns.last_mut() {
            _ if blocks.is_empty() => {}
            Some(turn) if turn.role == role => turn.content.extend(blocks),
            _ => turns.push(Turn {
                role,
                content: blocks,
            }),
        }
    }
    // A prefilled answer must not end in white space.
    if let Some(turn) = turns.last_mut()
        && turn.role == "assistant"
        && let Some(Block::Text { text }) = turn.content.last_mut()
    {
        *text = text.trim_end();
    }
    Ok(turns)
}

/// A text block; blank ones are refused.
fn text(text: &str) -> Option<Block<'_>> {
    (!text.trim().is_empty()).then_some(Block::Text { text })
}

fn user_blocks(parts: &[Part]) -> Result<Vec<Block<'_>>, Unsendable> {
    parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(words) => text(words).map(Ok),
            Part::Image(picture) => Some(image(picture)),
        })
        .collect()
}

fn image(image: &Image) -> Result<Block<'_>, Unsendable> {
    let source = match image {
        Image::Remote(url) => Source::Url { url },
        Image::Inline { media_type, base64 } if IMAGE_TYPES.contains(&media_type.as_str()) => {
            Source::Base64 {
                media_type,
                data: base64,
            }
        }
        Image::Inline { media_type, .. } => {
            return Err(Unsendable(format!(
                "`messages`: this provider takes no images of type `{media_type}`"
            )));
        }
    };
    Ok(Block::Image { source })
}

fn assistant_blocks<'a>(
    words: &'a str,
    calls: &'a [ToolCall],
) -> Result<Vec<Block<'a>>, Unsendable> {
    let mut blocks: Vec<Block<'a>> = text(words).into_iter().collect();
    for call in calls {
        blocks.push(Block::ToolUse {
            id: tool_id(&call.id),
            name: &call.name,
            input: call.input()?,
        });
    }
    Ok(blocks)
}

fn tool_result<'a>(id: &'a str, text: &'a str) -> Block<'a> {
    Block::ToolResult {
        tool_use_id: tool_id(id),
        content: if text.trim().is_empty() { "" } else { text },
    }
}

/// A call's id in the letters that this wire takes; another vendor may have made it.
fn tool_id(id: &str) -> Cow<'_, str> {
    let taken = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.chars().all(taken) {
        Cow::Borrowed(id)
    } else {
        let letters = id.chars().map(|c| if taken(c) { c } else { '_' });
        Cow::Owned(letters.collect())
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
