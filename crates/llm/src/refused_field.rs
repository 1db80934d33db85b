//! Which field of a request an upstream refuses, read out of its error. What is done about it is not
//! decided here.

use serde_json::Value;

/// Words with which upstreams say that they do not take a field, or this value of it.
const WORDS: [&str; 16] = [
    "unsupported",
    "not supported",
    "not support",
    "unrecognized",
    "unknown",
    "unexpected",
    "extra inputs",
    "extra fields",
    "extra_forbidden",
    "not permitted",
    "not allowed",
    "not available",
    "deprecated",
    "only the default",
    "cannot both be",
    "instead",
];

/// Codes and types that say the same.
const CODES: [&str; 6] = [
    "unsupported_parameter",
    "unsupported_value",
    "unknown_parameter",
    "extra_forbidden",
    "value_error.extra",
    "unrecognized_parameter",
];

/// A refusal that is about fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedField {
    /// The field that the error names by itself.
    param: Option<String>,
    /// All words of the error, in lower case.
    words: String,
}

impl RefusedField {
    /// Reads the body of an error; `words` is its message. `None` if it is about something else.
    pub(super) fn of(body: &Value, words: Option<&str>) -> Option<Self> {
        let error = body.get("error").unwrap_or(body);
        let detail = body.get("detail").and_then(Value::as_array);
        let first = detail.and_then(|details| details.first());
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        // A validator's place: ["body", "stream_options"], or one below it.
        let place = first
            .and_then(|first| first.get("loc")?.as_array())
            .and_then(|place| place.iter().find(|part| *part != "body"));
        let param = text(error.get("param")).or_else(|| text(place));
        let words = match (words, first) {
            (_, Some(first)) => first.to_string(),
            (Some(words), None) => words.to_owned(),
            (None, None) => return None,
        }
        .to_ascii_lowercase();
        let code = [error, first.unwrap_or(error)].into_iter().any(|part| {
            ["code", "type"].iter().any(|field| {
                let code = part.get(field).and_then(Value::as_str).unwrap_or_default();
                CODES.contains(&code)
            })
        });
        let is_about_fields = code || WORDS.iter().any(|word| words.contains(word));
        is_about_fields.then_some(Self { param, words })
    }

    /// Whether it refuses the field `name`.
    pub(super) fn is_of(&self, name: &str) -> bool {
        match &self.param {
            Some(param) => {
                param == name
                    || param
                        .split(['.', '['])
                        .next()
                        .is_some_and(|top| top == name)
            }
            None => self.names(name),
        }
    }

    /// Whether its words hold a name as a word of its own.
    pub(super) fn names(&self, name: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.words.match_indices(name).any(|(at, _)| {
            let before = self.words.get(..at).unwrap_or_default();
            let after = self.words.get(at + name.len()..).unwrap_or_default();
            !before.ends_with(is_part) && !after.starts_with(is_part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::RefusedField;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Option<RefusedField> {
        RefusedField::of(body, crate::openai::error_words(body).as_deref())
    }

    #[test]
    fn the_field_is_found_however_a_server_names_it() {
        for (body, field) in [
            (
                json!({"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                    "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter"}}),
                "max_tokens",
            ),
            (
                json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
                    "param": "temperature", "code": "unsupported_value"}}),
                "temperature",
            ),
            (
                json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"],
                    "msg": "Extra inputs are not permitted", "input": {"include_usage": true}}]}),
                "stream_options",
            ),
            (
                json!({"error": {"message": "Unrecognized request argument supplied: stream_options", "param": null, "code": null}}),
                "stream_options",
            ),
            (
                json!({"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options')}]", "code": 400}),
                "stream_options",
            ),
            (
                json!({"error": "unknown field `stream_options`"}),
                "stream_options",
            ),
        ] {
            let refused = read(&body).unwrap();
            assert!(refused.is_of(field), "{body}");
            assert!(!refused.is_of("top_p"), "{body}");
        }
    }

    #[test]
    fn other_refusals_name_no_field() {
        for body in [
            json!({"error": {"message": "This model's maximum context length is 8192 tokens.", "param": "messages"}}),
            json!({"error": {"message": "max_tokens is too large: 100000", "param": "max_tokens"}}),
            json!({"error": {"code": 400}}),
        ] {
            assert_eq!(read(&body), None, "{body}");
        }
        let only =
            read(&json!({"error": {"message": "unknown field `max_completion_tokens`"}})).unwrap();
        assert!(!only.is_of("max_tokens"));
    }
}
