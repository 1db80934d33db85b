//! The fields of OpenAI's request as clients send them, read one by one into a [`Call`]. Unknown
//! fields are passed over; it refuses by name what no other vendor can be sent.

use super::messages::messages;
use super::types::{Call, Format, Function, ToolChoice, Unsendable, refuse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

impl Call {
    /// Reads the fields of a request.
    ///
    /// # Errors
    /// When a field has another shape than OpenAI's, or asks for what only OpenAI's own wire can
    /// carry: sound, files, several answers, tools other than functions.
    pub fn of(fields: &[(String, Box<RawValue>)]) -> Result<Self, Unsendable> {
        let mut call = Self::default();
        for (name, value) in fields {
            read(&mut call, name, value)?;
        }
        if call.messages.is_empty() {
            return Err(Unsendable("`messages` holds no message".to_owned()));
        }
        Ok(call)
    }
}

/// Reads one field into `call`. A `null` is an absent field.
fn read(call: &mut Call, name: &str, value: &RawValue) -> Result<(), Unsendable> {
    match name {
        "messages" => call.messages = messages(parsed(name, value)?.unwrap_or_default())?,
        "tools" => call.tools = functions(parsed(name, value)?.unwrap_or_default())?,
        "tool_choice" => call.tool_choice = parsed(name, value)?.map(tool_choice).transpose()?,
        "parallel_tool_calls" => call.parallel_tool_calls = parsed(name, value)?,
        "temperature" => call.temperature = parsed(name, value)?,
        "top_p" => call.top_p = parsed(name, value)?,
        // The newer name wins over the older one, whichever comes first.
        "max_completion_tokens" => call.max_tokens = limit(name, value)?.or(call.max_tokens),
        "max_tokens" => call.max_tokens = call.max_tokens.or(limit(name, value)?),
        "stop" => call.stop = parsed(name, value)?.map_or_else(Vec::new, Stop::into_list),
        "seed" => call.seed = parsed(name, value)?,
        "response_format" => call.format = parsed(name, value)?.map_or(Ok(Format::Text), format)?,
        "user" => call.user = parsed(name, value)?,
        "n" => only_one(parsed(name, value)?)?,
        "functions" | "function_call" if value.get() != "null" => {
            return refuse(format!("`{name}` is not supported: use `tools`"));
        }
        _ => {}
    }
    Ok(())
}

fn parsed<T: DeserializeOwned>(name: &str, value: &RawValue) -> Result<Option<T>, Unsendable> {
    serde_json::from_str(value.get()).map_err(|error| Unsendable(format!("`{name}`: {error}")))
}

fn limit(name: &str, value: &RawValue) -> Result<Option<u64>, Unsendable> {
    match parsed(name, value)? {
        Some(0) => refuse(format!("`{name}` must be at least 1")),
        limit => Ok(limit),
    }
}

fn only_one(n: Option<u64>) -> Result<(), Unsendable> {
    match n {
        None | Some(1) => Ok(()),
        Some(_) => refuse("`n`: this provider gives one answer a call".to_owned()),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Many(Vec<String>),
}

impl Stop {
    fn into_list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

#[derive(Deserialize)]
struct RawTool {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    function: Option<RawFunction>,
}

#[derive(Deserialize)]
struct RawFunction {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    parameters: Option<Box<RawValue>>,
}

fn functions(raw: Vec<RawTool>) -> Result<Vec<Function>, Unsendable> {
    raw.into_iter()
        .enumerate()
        .map(|(index, tool)| match (tool.kind.as_str(), tool.function) {
            ("function", Some(function)) => Ok(Function {
                name: function.name,
                description: function.description,
                parameters: function.parameters.filter(|schema| schema.get() != "null"),
            }),
            ("function", None) => refuse(format!("`tools[{index}]` has no `function`")),
            (kind, _) => refuse(format!(
                "`tools[{index}]`: tools of type `{kind}` are not supported by this provider"
            )),
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawChoice {
    Word(String),
    Tool(ChosenTool),
}

#[derive(Deserialize)]
struct ChosenTool {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    function: Option<ChosenFunction>,
}

#[derive(Deserialize)]
struct ChosenFunction {
    name: String,
}

fn tool_choice(raw: RawChoice) -> Result<ToolChoice, Unsendable> {
    match raw {
        RawChoice::Word(word) => match word.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            word => refuse(format!("`tool_choice`: `{word}` is not known")),
        },
        RawChoice::Tool(ChosenTool {
            kind,
            function: Some(function),
        }) if kind == "function" => Ok(ToolChoice::Function(function.name)),
        RawChoice::Tool(tool) => refuse(format!(
            "`tool_choice` of type `{}` is not supported by this provider",
            tool.kind
        )),
    }
}

#[derive(Deserialize)]
struct RawFormat {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    json_schema: Option<RawSchema>,
}

#[derive(Deserialize)]
struct RawSchema {
    #[serde(default)]
    schema: Option<Box<RawValue>>,
}

fn format(raw: RawFormat) -> Result<Format, Unsendable> {
    match raw.kind.as_str() {
        "text" => Ok(Format::Text),
        "json_object" => Ok(Format::Json),
        // OpenAI lets the schema be left out, which means the same as `json_object`.
        "json_schema" => Ok(raw
            .json_schema
            .and_then(|json_schema| json_schema.schema)
            .map_or(Format::Json, Format::Schema)),
        kind => refuse(format!(
            "`response_format` of type `{kind}` is not supported by this provider"
        )),
    }
}
