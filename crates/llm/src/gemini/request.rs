//! A chat call as Gemini's JSON. Wishes that this wire has no field for are left out when they only
//! shape the answer (`parallel_tool_calls`, penalties, `logprobs`, `reasoning_effort`, `user`), and
//! refused when leaving them out would change what was asked.

use super::contents::{Content, Part, contents};
use crate::ChatRequest;
use crate::openai::call::{Call, Format, Function, ToolChoice, Unsendable, says_nothing};
use serde::Serialize;
use serde_json::value::RawValue;
use std::fmt::Write;

/// Where calls of `model` go, below the base URL. The model's name is the caller's: what is not
/// plain in it is escaped, so that it names no other path.
pub fn path(model: &str, stream: bool) -> String {
    let (folder, name) = match model.split_once('/') {
        Some((folder @ ("models" | "tunedModels"), name)) => (folder, name),
        _ => ("models", model),
    };
    let mut path = format!("{folder}/");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                path.push(char::from(byte));
            }
            // Writing to a text cannot fail.
            byte => _ = write!(path, "%{byte:02X}"),
        }
    }
    path.push_str(if stream {
        ":streamGenerateContent?alt=sse"
    } else {
        ":generateContent"
    });
    path
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tools<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    generation_config: GenerationConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// The field for JSON Schema; `parameters` takes a part of it only.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    function_calling_config: FunctionCalling<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCalling<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    /// 32 bits here; a larger seed is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a RawValue>,
}

/// The body of a call of `model`; a stream's is the same, it goes to another path.
///
/// # Errors
/// When the request holds something that this format cannot take.
pub fn body(request: &ChatRequest, model: &str, _stream: bool) -> Result<Vec<u8>, Unsendable> {
    let call = Call::of(&request.fields)?;
    let system = [call.system(), instruction(&call)]
        .into_iter()
        .flatten()
        .reduce(|system, instruction| format!("{system}\n\n{instruction}"));
    let system = system.as_deref();
    let mut contents = contents(&call, model)?;
    let mut system_instruction = system.map(|text| words(None, text));
    // System messages alone are sent as a user message here.
    if contents.is_empty() {
        system_instruction = None;
        contents.push(words(Some("user"), system.ok_or_else(says_nothing)?));
    }
    let body = Body {
        contents,
        system_instruction,
        tools: tools(&call),
        tool_config: tool_config(&call),
        generation_config: generation_config(&call),
    };
    serde_json::to_vec(&body)
        .map_err(|error| Unsendable(format!("the request could not be written: {error}")))
}

fn words<'a>(role: Option<&'static str>, text: &'a str) -> Content<'a> {
    Content {
        role,
        parts: vec![Part::text(text)],
    }
}

/// Models before version 3 take no response format beside functions: it becomes an instruction then.
fn instruction(call: &Call) -> Option<String> {
    call.format.instruction().filter(|_| !call.tools.is_empty())
}

fn tools(call: &Call) -> Option<[Tools<'_>; 1]> {
    let function_declarations: Vec<_> = call.tools.iter().map(declaration).collect();
    (!function_declarations.is_empty()).then_some([Tools {
        function_declarations,
    }])
}

fn declaration(function: &Function) -> Declaration<'_> {
    Declaration {
        name: &function.name,
        description: function.description.as_deref(),
        parameters_json_schema: function.parameters.as_deref(),
    }
}

fn tool_config(call: &Call) -> Option<ToolConfig<'_>> {
    let (mode, allowed_function_names) = match call.tool_choice.as_ref()? {
        _ if call.tools.is_empty() => return None,
        ToolChoice::Auto => ("AUTO", None),
        ToolChoice::None => ("NONE", None),
        ToolChoice::Required => ("ANY", None),
        ToolChoice::Function(name) => ("ANY", Some([name.as_str()])),
    };
    Some(ToolConfig {
        function_calling_config: FunctionCalling {
            mode,
            allowed_function_names,
        },
    })
}

fn generation_config(call: &Call) -> GenerationConfig<'_> {
    let format = if call.tools.is_empty() {
        &call.format
    } else {
        &Format::Text
    };
    let (response_mime_type, response_json_schema) = match format {
        Format::Text => (None, None),
        Format::Json => (Some("application/json"), None),
        Format::Schema(schema) => (Some("application/json"), Some(schema.as_ref())),
    };
    GenerationConfig {
        temperature: call.temperature,
        top_p: call.top_p,
        max_output_tokens: call.max_tokens,
        stop_sequences: &call.stop,
        seed: call.seed.and_then(|seed| i32::try_from(seed).ok()),
        response_mime_type,
        response_json_schema,
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
