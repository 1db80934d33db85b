//! What a chat call holds, whichever vendor it is for: conversation, functions and parameters, and
//! the refusal of what cannot be sent. It reads no JSON of a client.

use serde_json::value::RawValue;

/// The caller asked for something that a vendor cannot take; the message names the field. It becomes a
/// 400 of the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsendable(pub String);

/// The refusal with this message.
pub(super) fn refuse<T>(words: String) -> Result<T, Unsendable> {
    Err(Unsendable(words))
}

/// The refusal of a conversation without any text, which other vendors do not take.
pub fn says_nothing() -> Unsendable {
    Unsendable("`messages` holds no text".to_owned())
}

/// What a model is asked, with the caller's parameters. Absent ones are `None` or empty.
#[derive(Debug, Default)]
pub struct Call {
    /// The conversation, oldest first; never empty.
    pub messages: Vec<Message>,
    /// The functions that the model may call.
    pub tools: Vec<Function>,
    /// Whether, and which of, the functions are to be called.
    pub tool_choice: Option<ToolChoice>,
    /// Whether one answer may hold several calls; OpenAI's default is that it may.
    pub parallel_tool_calls: Option<bool>,
    /// The sampling temperature, on OpenAI's scale of 0 to 2.
    pub temperature: Option<f64>,
    /// The probability mass to sample from.
    pub top_p: Option<f64>,
    /// The most tokens the answer may have; at least 1.
    pub max_tokens: Option<u64>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// The seed for answers that can be repeated.
    pub seed: Option<i64>,
    /// The form of the answer.
    pub format: Format,
    /// The caller's own name for the person who asks.
    pub user: Option<String>,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Instructions for the model (`system`, `developer`).
    System(String),
    /// A person's message.
    User(Vec<Part>),
    /// The model's message.
    Assistant {
        /// Its text; may be empty.
        text: String,
        /// The calls that it asked for.
        calls: Vec<ToolCall>,
    },
    /// A called function's result.
    Tool {
        /// The call that it answers.
        id: String,
        /// The function's name, where the caller names it.
        name: Option<String>,
        /// The result.
        text: String,
    },
}

/// A piece of a person's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// A picture.
    Image(Image),
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// The picture itself, out of a `data:` URL.
    Inline {
        /// Its media type, such as `image/png`.
        media_type: String,
        /// Its bytes in base64.
        base64: String,
    },
    /// Where it is: an `http` or `https` URL.
    Remote(String),
}

/// A call of a function, asked for by the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// The call's name, which links it to its result.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// The arguments as JSON text, as the model wrote them: it may be broken.
    pub arguments: String,
    /// Gemini's signature of the thought behind the call; goes out and comes back as
    /// `extra_content.google.thought_signature`, as in Google's own OpenAI-shaped service.
    pub thought_signature: Option<String>,
}

/// A function that the model may call.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The JSON Schema of its arguments, as the caller wrote it.
    pub parameters: Option<Box<RawValue>>,
}

/// Whether functions are to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    Auto,
    /// Not at all.
    None,
    /// At least one, any.
    Required,
    /// This one.
    Function(String),
}

/// The form of the answer.
#[derive(Debug, Default)]
pub enum Format {
    /// Any text.
    #[default]
    Text,
    /// A JSON object.
    Json,
    /// JSON that this JSON Schema allows.
    Schema(Box<RawValue>),
}

impl Call {
    /// All system messages as one text; `None` when they are blank.
    pub fn system(&self) -> Option<String> {
        let words: Vec<&str> = self
            .messages
            .iter()
            .filter_map(|message| match message {
                Message::System(text) if !text.trim().is_empty() => Some(text.as_str()),
                _ => None,
            })
            .collect();
        (!words.is_empty()).then(|| words.join("\n\n"))
    }
}

impl ToolCall {
    /// The arguments as a JSON object. What the model wrote badly is kept as text under
    /// `arguments`, so that a caller who reports the mistake to the model can go on.
    ///
    /// # Errors
    /// Never in practice: the error is the serialiser's own.
    pub fn input(&self) -> Result<Box<RawValue>, Unsendable> {
        let text = self.arguments.trim();
        let text = if text.is_empty() { "{}" } else { text };
        match serde_json::from_str::<&RawValue>(text) {
            Ok(value) if value.get().starts_with('{') => Ok(value.to_owned()),
            _ => serde_json::value::to_raw_value(&serde_json::json!({"arguments": text}))
                .map_err(|error| Unsendable(format!("`messages`: {error}"))),
        }
    }
}

impl Format {
    /// The form as an instruction, for models that take no such field.
    pub fn instruction(&self) -> Option<String> {
        const JSON: &str =
            "Answer with one JSON object and nothing else: no words around it and no code fence.";
        match self {
            Self::Text => None,
            Self::Json => Some(JSON.to_owned()),
            Self::Schema(schema) => Some(format!(
                "{JSON} It must be valid under this JSON Schema:\n{}",
                schema.get()
            )),
        }
    }
}
