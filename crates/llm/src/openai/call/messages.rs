//! The messages of OpenAI's request as clients send them. It refuses by name the roles and parts
//! that no other vendor can be sent.

use super::types::{Image, Message, Part, ToolCall, Unsendable, refuse};
use serde::Deserialize;

/// A message as clients send it.
#[derive(Deserialize)]
pub struct RawMessage {
    role: String,
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<RawCall>>,
    #[serde(default)]
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<RawPart>),
}

#[derive(Deserialize)]
struct RawPart {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    image_url: Option<ImageUrl>,
}

/// OpenAI has the object; some clients send the URL alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum ImageUrl {
    Object { url: String },
    Text(String),
}

#[derive(Deserialize)]
struct RawCall {
    id: String,
    function: Option<CalledFunction>,
    #[serde(default)]
    extra_content: Option<ExtraContent>,
}

#[derive(Deserialize)]
struct CalledFunction {
    name: String,
    #[serde(default)]
    arguments: String,
}

#[derive(Deserialize)]
struct ExtraContent {
    #[serde(default)]
    google: Option<GoogleContent>,
}

#[derive(Deserialize)]
struct GoogleContent {
    #[serde(default)]
    thought_signature: Option<String>,
}

/// The conversation.
///
/// # Errors
/// When a message is of another role or shape, or holds what no other vendor takes.
pub fn messages(raw: Vec<RawMessage>) -> Result<Vec<Message>, Unsendable> {
    raw.into_iter()
        .enumerate()
        .map(|(index, raw)| {
            message(raw).map_err(|error| Unsendable(format!("`messages[{index}]`: {}", error.0)))
        })
        .collect()
}

fn message(raw: RawMessage) -> Result<Message, Unsendable> {
    match raw.role.as_str() {
        "system" | "developer" => Ok(Message::System(text(raw.content)?)),
        "user" => Ok(Message::User(parts(raw.content)?)),
        "assistant" => Ok(Message::Assistant {
            text: match (raw.content, raw.refusal) {
                (None, Some(refusal)) => refusal,
                (content, _) => text(content)?,
            },
            calls: raw
                .tool_calls
                .unwrap_or_default()
                .into_iter()
                .map(tool_call)
                .collect::<Result<_, _>>()?,
        }),
        "tool" => match raw.tool_call_id {
            Some(id) => Ok(Message::Tool {
                id,
                name: raw.name,
                text: text(raw.content)?,
            }),
            None => refuse("a message of role `tool` needs `tool_call_id`".to_owned()),
        },
        role => refuse(format!("the role `{role}` is not supported")),
    }
}

fn parts(content: Option<Content>) -> Result<Vec<Part>, Unsendable> {
    match content {
        None => Ok(Vec::new()),
        Some(Content::Text(text)) => Ok(vec![Part::Text(text)]),
        Some(Content::Parts(parts)) => parts.into_iter().map(part).collect(),
    }
}

fn part(raw: RawPart) -> Result<Part, Unsendable> {
    match (raw.kind.as_str(), raw.text, raw.image_url, raw.refusal) {
        ("text" | "input_text" | "output_text", Some(text), _, _) => Ok(Part::Text(text)),
        ("refusal", _, _, Some(text)) => Ok(Part::Text(text)),
        ("image_url", _, Some(ImageUrl::Object { url } | ImageUrl::Text(url)), _) => {
            image(&url).map(Part::Image)
        }
        ("text" | "refusal" | "image_url", ..) => {
            refuse(format!("a part of type `{0}` has no `{0}`", raw.kind))
        }
        (kind, ..) => refuse(format!(
            "parts of type `{kind}` are not supported by this provider"
        )),
    }
}

/// The text of a message that may hold nothing else.
fn text(content: Option<Content>) -> Result<String, Unsendable> {
    let mut all = String::new();
    for part in parts(content)? {
        match part {
            Part::Text(text) => all.push_str(&text),
            Part::Image(_) => return refuse("only a user's message may hold an image".to_owned()),
        }
    }
    Ok(all)
}

fn image(url: &str) -> Result<Image, Unsendable> {
    let scheme = url.split(':').next().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") {
        return Ok(Image::Remote(url.to_owned()));
    }
    let inline = url
        .get("data:".len()..)
        .filter(|_| scheme.eq_ignore_ascii_case("data"))
        .and_then(|rest| rest.split_once(','))
        .and_then(|(head, data)| Some((head.strip_suffix(";base64")?, data.trim())));
    let Some((media_type, base64)) = inline else {
        return refuse(
            "an `image_url` must be an http or https URL or a base64 data: URL".to_owned(),
        );
    };
    // Parameters of the type, such as a name, mean nothing to any vendor.
    let media_type = media_type.split(';').next().unwrap_or_default();
    match media_type.to_ascii_lowercase().as_str() {
        "" => refuse("the data: URL of an image names no media type".to_owned()),
        // A name that many clients use and no vendor knows.
        "image/jpg" => Ok(inline_image("image/jpeg", base64)),
        known => Ok(inline_image(known, base64)),
    }
}

fn inline_image(media_type: &str, base64: &str) -> Image {
    Image::Inline {
        media_type: media_type.to_owned(),
        base64: base64.to_owned(),
    }
}

fn tool_call(raw: RawCall) -> Result<ToolCall, Unsendable> {
    let Some(function) = raw.function else {
        return refuse("calls of tools other than functions are not supported".to_owned());
    };
    Ok(ToolCall {
        id: raw.id,
        name: function.name,
        arguments: function.arguments,
        thought_signature: raw
            .extra_content
            .and_then(|extra| extra.google)
            .and_then(|google| google.thought_signature),
    })
}
