//! The conversation as Gemini's `contents`: role and parts. It holds no system messages,
//! which have a place of their own.

use crate::openai::call::{Call, Image, Message, Part as SaidPart, ToolCall, Unsendable};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Stands for a signature that we do not have (the call is another vendor's, or the client dropped
/// it); from version 3 on the models refuse a call without one. The word is the vendor's own.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The beginnings of names of models that know no signatures.
const UNSIGNED: [&str; 4] = ["gemini-1", "gemini-2", "gemma", "learnlm"];

/// One turn.
#[derive(Debug, Serialize)]
pub struct Content<'a> {
    /// `user` or `model`; absent for the system instruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// What is said.
    pub parts: Vec<Part<'a>>,
}

/// One part of a turn, of exactly one kind.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_response: Option<FunctionResult<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'static str>,
    file_uri: &'a str,
}

#[derive(Debug, Serialize)]
struct Called<'a> {
    id: &'a str,
    name: &'a str,
    args: Box<RawValue>,
}

#[derive(Debug, Serialize)]
struct FunctionResult<'a> {
    id: &'a str,
    name: &'a str,
    response: Value,
}

impl<'a> Part<'a> {
    /// Text.
    pub fn text(text: &'a str) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }
}

/// The conversation of `call` for `model`.
///
/// # Errors
/// When a result answers no call: this wire wants the function's name.
pub fn contents<'a>(call: &'a Call, model: &str) -> Result<Vec<Content<'a>>, Unsendable> {
    let mut contents: Vec<Content<'a>> = Vec::new();
    let mut after_result = false;
    for (index, message) in call.messages.iter().enumerate() {
        let is_result = matches!(message, Message::Tool { .. });
        let (role, parts) = match message {
            Message::System(_) => continue,
            Message::User(parts) => ("user", parts.iter().filter_map(said).collect()),
            Message::Assistant { text, calls } => ("model", answered(text, calls, model)?),
            Message::Tool { .. } => ("user", vec![result(call, index, message)?]),
        };
        match contents.last_mut() {
            _ if parts.is_empty() => continue,
            // The results of one turn's calls must stand together, and alone.
            Some(content) if is_result && after_result => content.parts.extend(parts),
            _ => contents.push(Content {
                role: Some(role),
                parts,
            }),
        }
        after_result = is_result;
    }
    Ok(contents)
}

fn said(part: &SaidPart) -> Option<Part<'_>> {
    match part {
        SaidPart::Text(text) => (!text.is_empty()).then(|| Part::text(text)),
        SaidPart::Image(Image::Inline { media_type, base64 }) => Some(Part {
            inline_data: Some(Blob {
                mime_type: media_type,
                data: base64,
            }),
            ..Part::default()
        }),
        SaidPart::Image(Image::Remote(url)) => Some(Part {
            file_data: Some(File {
                mime_type: media_type_of(url),
                file_uri: url,
            }),
            ..Part::default()
        }),
    }
}

/// The media type that the name in a URL stands for; the vendor finds it out where none is given.
fn media_type_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "webp" => Some("image/webp"),
        "gif" => Some("image/gif"),
        "heic" => Some("image/heic"),
        "heif" => Some("image/heif"),
        _ => None,
    }
}

fn answered<'a>(
    text: &'a str,
    calls: &'a [ToolCall],
    model: &str,
) -> Result<Vec<Part<'a>>, Unsendable> {
    let mut parts = Vec::new();
    if !text.is_empty() {
        parts.push(Part::text(text));
    }
    // Of several calls of one turn only the first is signed.
    let unsigned = calls.iter().all(|call| call.thought_signature.is_none());
    let stand_in = (unsigned && wants_signatures(model)).then_some(NO_SIGNATURE);
    for (index, call) in calls.iter().enumerate() {
        parts.push(Part {
            function_call: Some(Called {
                id: &call.id,
                name: &call.name,
                args: call.input()?,
            }),
            thought_signature: call
                .thought_signature
                .as_deref()
                .or(stand_in.filter(|_| index == 0)),
            ..Part::default()
        });
    }
    Ok(parts)
}

fn wants_signatures(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    !UNSIGNED.iter().any(|start| name.starts_with(start))
}

fn result<'a>(call: &'a Call, index: usize, message: &'a Message) -> Result<Part<'a>, Unsendable> {
    let Message::Tool { id, name, text } = message else {
        return Ok(Part::default());
    };
    let Some(name) = called_name(call, index, id).or(name.as_deref()) else {
        return Err(Unsendable(format!(
            "`messages[{index}]`: no earlier message asks for the call `{id}`"
        )));
    };
    Ok(Part {
        function_response: Some(FunctionResult {
            id,
            name,
            response: as_object(text),
        }),
        ..Part::default()
    })
}

/// The function that the call `id` was of, by the last message before `index` that asks for it.
fn called_name<'a>(call: &'a Call, index: usize, id: &str) -> Option<&'a str> {
    call.messages
        .iter()
        .take(index)
        .rev()
        .filter_map(|message| match message {
            Message::Assistant { calls, .. } => Some(calls),
            _ => None,
        })
        .flatten()
        .find(|called| called.id == id)
        .map(|called| called.name.as_str())
}

/// A result must be an object here; any other goes under `output`, as the vendor has it.
fn as_object(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Value::Object(fields),
        _ => serde_json::json!({"output": text}),
    }
}
