//! Reads a conversation of OpenAI's API as a question for the documents: the last user message is the
//! question, the messages before it are its history.

use crate::extract::Whole;
use ragd_core::domain::{Collection, Question as Text, Role, SessionKey, TopK};
use ragd_core::error::{Error, Result};
use ragd_llm::ChatRequest;
use ragd_service::chat::{ChatRequest as Question, Origin};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::net::IpAddr;

/// The model that stands for answers from the documents.
pub(super) const RAGD: &str = "ragd";
const EXTRACTIVE: &str = "extractive";

/// The options of the retrieval, from the field `ragd`.
#[derive(Default, Deserialize)]
struct Options {
    collection: Option<String>,
    session_id: Option<String>,
    top_k: Option<Whole<1, 100>>,
    provider: Option<String>,
    model: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

impl Content {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                let texts: Vec<String> = parts.into_iter().map(|part| part.text).collect();
                texts.join("\n")
            }
        }
    }
}

/// A question, and the model name that its answer shows.
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) model: String,
}

/// The question of a request to be answered from the documents; `None` for other requests.
///
/// # Errors
/// `Invalid` that names the field.
pub(super) fn cited(
    request: &ChatRequest,
    options: Option<&RawValue>,
    address: Option<IpAddr>,
) -> Result<Option<Asked>> {
    let model = request.model.clone().unwrap_or_default();
    let is_named = model == RAGD || model == EXTRACTIVE;
    let options = match wanted(options)? {
        Some(options) => options,
        None if is_named => Options::default(),
        None => return Ok(None),
    };
    // The name `ragd` does not select a model; any other name does.
    let named = Some(model.clone()).filter(|model| model != RAGD);
    let wanted_model = options.model.clone().or(named);
    let question = question(request, options, wanted_model, address)?;
    Ok(Some(Asked { question, model }))
}

/// The field `ragd`: options, or a boolean.
fn wanted(options: Option<&RawValue>) -> Result<Option<Options>> {
    match options.map_or("null", RawValue::get) {
        "null" | "false" => Ok(None),
        "true" => Ok(Some(Options::default())),
        said => parse("ragd", said).map(Some),
    }
}

fn question(
    request: &ChatRequest,
    options: Options,
    model: Option<String>,
    address: Option<IpAddr>,
) -> Result<Question> {
    let (history, text) = conversation(request)?;
    let session = options.session_id.as_deref();
    let session = session.map(SessionKey::parse).transpose()?;
    let max_tokens = match request.field("max_completion_tokens") {
        Some(_) => number(request, "max_completion_tokens")?,
        None => number(request, "max_tokens")?,
    };
    let temperature: Option<f32> = number(request, "temperature")?;
    if temperature.is_some_and(|degree| !(0.0..=2.0).contains(&degree)) {
        return Err(Error::invalid("temperature: must be between 0 and 2"));
    }
    Ok(Question {
        question: Text::parse_field("messages", &text)?,
        // A session has its own history.
        history: session.is_none().then_some(history),
        session,
        room: None,
        collection: options
            .collection
            .as_deref()
            .map(Collection::parse)
            .transpose()?,
        model,
        provider: options.provider,
        top_k: options
            .top_k
            .map(|Whole(count)| TopK::parse("ragd.top_k", count.into()))
            .transpose()?,
        temperature,
        max_tokens: max_tokens.map(|Whole::<1, 1_000_000>(count)| count),
        origin: Origin {
            address,
            nickname: None,
        },
    })
}

/// The history and the question.
fn conversation(request: &ChatRequest) -> Result<(Vec<(Role, String)>, String)> {
    let messages: Vec<Message> = parse("messages", request.field("messages").unwrap_or("null"))?;
    let mut turns: Vec<(Role, String)> = Vec::with_capacity(messages.len());
    for message in messages {
        let role = match message.role.as_str() {
            "system" | "developer" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            // Tool messages belong to calls that ragd does not make.
            _ => continue,
        };
        let text = message.content.map_or_else(String::new, Content::into_text);
        if !text.trim().is_empty() {
            turns.push((role, text));
        }
    }
    let last = turns.iter().rposition(|(role, _)| *role == Role::User);
    let at =
        last.ok_or_else(|| Error::invalid("messages: there is no message with role 'user'"))?;
    let question = turns.swap_remove(at).1;
    turns.truncate(at);
    Ok((turns, question))
}

fn number<T: for<'de> Deserialize<'de>>(request: &ChatRequest, field: &str) -> Result<Option<T>> {
    let given = request.field(field).map(|json| parse(field, json));
    given.transpose().map(Option::flatten)
}

fn parse<'de, T: Deserialize<'de>>(field: &str, json: &'de str) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path if path.starts_with('[') => path,
            path => format!(".{path}"),
        };
        let mut message = error.into_inner().to_string();
        if let Some(place) = message.rfind(" at line ") {
            message.truncate(place);
        }
        Error::invalid(format!("{field}{path}: {message}"))
    })
}
