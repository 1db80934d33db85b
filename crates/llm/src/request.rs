//! A chat request, the same for every vendor. The form is that of OpenAI's chat
//! completions: its fields are kept as they came, so that what ragd does not know reaches an upstream
//! that does; wires of another shape translate them.

use ragd_core::domain::Role;
use serde::Serialize;
use serde::de::{
    self, Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor,
};
use serde_json::value::{RawValue, to_raw_value};
use std::fmt;

/// One message of the conversation that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// Its role.
    pub role: Role,
    /// Its text.
    pub content: String,
}

impl ChatMessage {
    /// A message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }
}

/// A chat request.
#[derive(Debug, Clone, Default)]
pub struct ChatRequest {
    /// The model, where the caller asks for one; else the provider's.
    pub model: Option<String>,
    /// Every other field of the call by its name, except those about streaming.
    pub(super) fields: Vec<(String, Box<RawValue>)>,
    /// The fields that ragd itself has added.
    pub(super) ours: Vec<String>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
}

impl ChatRequest {
    /// Asks for what follows `messages`.
    ///
    /// # Errors
    /// Never for text; the error is the serialiser's own.
    pub fn of_messages(messages: &[ChatMessage]) -> Result<Self, serde_json::Error> {
        let said: Vec<Said<'_>> = messages
            .iter()
            .map(|message| Said {
                role: message.role.as_str(),
                content: &message.content,
            })
            .collect();
        Self::default().with("messages", Some(&said))
    }

    /// The same with one more field, if there is a value for it.
    ///
    /// # Errors
    /// Never for numbers and text; the error is the serialiser's own.
    pub fn with(
        mut self,
        field: &str,
        value: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<Self, serde_json::Error> {
        if let Some(value) = value {
            self.fields.push((field.to_owned(), to_raw_value(value)?));
            self.ours.push(field.to_owned());
        }
        Ok(self)
    }

    /// The fields that ragd itself has added.
    pub(super) fn ours(&self) -> impl Iterator<Item = &str> {
        self.ours.iter().map(String::as_str)
    }

    /// Whether ragd itself has added this field.
    pub(super) fn is_ours(&self, name: &str) -> bool {
        self.ours().any(|ours| ours == name)
    }

    /// Gives a field another name.
    pub(super) fn rename_field(&mut self, from: &str, to: &str) {
        for (name, _) in &mut self.fields {
            if name == from {
                to.clone_into(name);
            }
        }
    }

    /// The JSON text of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.get())
    }

    /// Takes a field out: one that is not meant for any upstream.
    pub fn take_field(&mut self, name: &str) -> Option<Box<RawValue>> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(at).1)
    }

    /// How many answers are requested at once.
    pub(super) fn choices(&self) -> usize {
        let asked = self.field("n").and_then(|n| n.parse().ok());
        asked.unwrap_or(1)
    }
}

/// A call as a client of OpenAI's API writes it, with what it asks of the form of the answer.
#[derive(Debug, Clone, Default)]
pub struct WrittenRequest {
    /// The request.
    pub request: ChatRequest,
    /// Whether the answer is to come while it is made.
    pub stream: bool,
    /// Whether a stream is to end with what it took.
    pub include_usage: bool,
}

#[derive(serde::Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

impl<'de> Deserialize<'de> for WrittenRequest {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = WrittenRequest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WrittenRequest, A::Error> {
        let mut written = WrittenRequest::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "model" => written.request.model = read(&mut map, "model")?,
                "stream" => written.stream = read(&mut map, "stream")?.unwrap_or(false),
                "stream_options" => {
                    let options: Option<StreamOptions> = read(&mut map, "stream_options")?;
                    let wanted = options.and_then(|options| options.include_usage);
                    written.include_usage = wanted.unwrap_or(false);
                }
                _ if written
                    .request
                    .fields
                    .iter()
                    .any(|(field, _)| *field == name) =>
                {
                    map.next_value::<IgnoredAny>()?;
                    return Err(de::Error::custom(format_args!("`{name}` is there twice")));
                }
                _ => {
                    let value = map.next_value::<Box<RawValue>>()?;
                    written.request.fields.push((name, value));
                }
            }
        }
        Ok(written)
    }
}

/// The value of a field that is read here; what is wrong with it names the field.
fn read<'de, A: MapAccess<'de>, T: DeserializeOwned>(
    map: &mut A,
    field: &str,
) -> Result<Option<T>, A::Error> {
    let value = map.next_value::<Box<RawValue>>()?;
    serde_json::from_str(value.get()).map_err(|error| {
        let mut words = error.to_string();
        if let Some(place) = words.rfind(" at line ") {
            words.truncate(place);
        }
        de::Error::custom(format_args!("{field}: {words}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_request_keeps_what_is_not_known() {
        let json = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},
            "messages":[{"role":"user","content":"hi"}],"top_k":5,"n":2}"#;
        let written: WrittenRequest = serde_json::from_str(json).unwrap();
        assert!(written.stream && written.include_usage);
        assert_eq!(written.request.model.as_deref(), Some("m"));
        assert_eq!(written.request.field("top_k"), Some("5"));
        assert_eq!(written.request.choices(), 2);
        assert_eq!(written.request.field("stream"), None);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for json in [
            "[]",
            "\"hi\"",
            r#"{"model":5}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"stream":"yes"}"#,
        ] {
            assert!(
                serde_json::from_str::<WrittenRequest>(json).is_err(),
                "{json}"
            );
        }
    }
}
