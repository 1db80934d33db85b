//! A whole answer out of the body of a 200. A body that holds an error, a blocked prompt, or
//! nothing, is no answer.

use super::call_id::hash;
use super::shapes::Response;
use crate::ChatReply;
use crate::openai::compose::Answer;
use crate::wire::Refusal;

/// Reads the body; `asked_model` stands in where the upstream names none, and `created` (seconds
/// since 1970) is the time that the answer is given in OpenAI's form.
///
/// # Errors
/// The error that the body holds by its kind; `Filtered` for a blocked prompt; `Malformed` for
/// another shape; `Empty` for an answer without text, calls and reasoning.
pub fn parse_reply(bytes: &[u8], asked_model: &str, created: u64) -> Result<ChatReply, Refusal> {
    let response = Response::read(bytes, "the answer")?;
    let usage = response.usage().unwrap_or_default();
    let id = response.response_id.clone();
    let model = response.model_version.clone();
    let pieces = response.into_pieces(0)?;
    Answer {
        id: id
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| format!("{:016x}", hash(&[asked_model, &pieces.text]))),
        model: model
            .filter(|model| !model.is_empty())
            .unwrap_or_else(|| asked_model.to_owned()),
        text: pieces.text,
        reasoning: pieces.reasoning,
        calls: pieces.calls,
        finish_reason: pieces.finish_reason.unwrap_or_default(),
        usage,
    }
    .into_reply(created)
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
