//! The functions that a model may call, as Anthropic's JSON, and whether it is to call them.

use crate::openai::call::{Call, Function, Message, ToolChoice, Unsendable};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The schema of a function of which we know none.
const ANY_OBJECT: &str = r#"{"type":"object"}"#;

/// A function.
#[derive(Debug, Serialize)]
pub struct Tool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Cow<'a, RawValue>,
}

/// Whether functions are to be called.
#[derive(Debug, Serialize)]
pub struct Choice<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disable_parallel_tool_use: bool,
}

/// What goes into `tools` and `tool_choice`.
pub fn tools(call: &Call) -> Result<(Vec<Tool<'_>>, Option<Choice<'_>>), Unsendable> {
    if call.tools.is_empty() {
        return called_tools(call);
    }
    let tools = call.tools.iter().map(tool).collect::<Result<_, _>>()?;
    Ok((tools, tool_choice(call)))
}

/// A conversation that holds calls must declare tools: those that were called are, and are not to
/// be called again.
fn called_tools(call: &Call) -> Result<(Vec<Tool<'_>>, Option<Choice<'_>>), Unsendable> {
    let mut tools: Vec<Tool<'_>> = Vec::new();
    for message in &call.messages {
        let Message::Assistant { calls, .. } = message else {
            continue;
        };
        for called in calls {
            if tools.iter().all(|tool| tool.name != called.name) {
                tools.push(Tool {
                    name: &called.name,
                    description: None,
                    input_schema: Cow::Owned(raw(ANY_OBJECT.to_owned())?),
                });
            }
        }
    }
    let choice = (!tools.is_empty()).then_some(Choice {
        kind: "none",
        name: None,
        disable_parallel_tool_use: false,
    });
    Ok((tools, choice))
}

fn tool(function: &Function) -> Result<Tool<'_>, Unsendable> {
    let input_schema = match function.parameters.as_deref() {
        None => Cow::Owned(raw(ANY_OBJECT.to_owned())?),
        Some(schema) => object_schema(schema).map_err(|error| {
            let name = &function.name;
            Unsendable(format!("`tools`: the parameters of `{name}`: {}", error.0))
        })?,
    };
    Ok(Tool {
        name: &function.name,
        description: function.description.as_deref(),
        input_schema,
    })
}

/// The schema as it is, or with the `type` that this wire demands.
fn object_schema(schema: &RawValue) -> Result<Cow<'_, RawValue>, Unsendable> {
    let mut fields: serde_json::Map<String, Value> =
        serde_json::from_str(schema.get()).map_err(|error| Unsendable(error.to_string()))?;
    if fields.contains_key("type") {
        return Ok(Cow::Borrowed(schema));
    }
    fields.insert("type".to_owned(), Value::from("object"));
    Ok(Cow::Owned(raw(Value::Object(fields).to_string())?))
}

fn raw(json: String) -> Result<Box<RawValue>, Unsendable> {
    RawValue::from_string(json).map_err(|error| Unsendable(error.to_string()))
}

fn tool_choice(call: &Call) -> Option<Choice<'_>> {
    let one_at_most = call.parallel_tool_calls == Some(false);
    let (kind, name) = match &call.tool_choice {
        None if !one_at_most => return None,
        None | Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Required) => ("any", None),
        Some(ToolChoice::Function(name)) => ("tool", Some(name.as_str())),
    };
    Some(Choice {
        kind,
        name,
        disable_parallel_tool_use: one_at_most && kind != "none",
    })
}
