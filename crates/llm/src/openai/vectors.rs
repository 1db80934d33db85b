//! The usage of an embeddings answer out of the body of a 200, whose vectors pass unread: a batch is
//! megabytes of numbers. A body that holds an error, or no list, is no answer.

use super::error_words;
use super::shapes::WireUsage;
use crate::Usage;
use crate::wire::Refusal;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(default)]
    data: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Makes sure that the body has a list of vectors, and reads what it cost.
pub fn embeddings_usage(bytes: &[u8]) -> Result<Usage, Refusal> {
    match serde_json::from_slice::<Body<'_>>(bytes) {
        Ok(body) if body.data.is_some() && body.error.is_none() => {
            Ok(body.usage.unwrap_or_default().into())
        }
        _ => Err(not_vectors(bytes)),
    }
}

fn not_vectors(bytes: &[u8]) -> Refusal {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(body) => match error_words(&body) {
            Some(words) => Refusal::server(format!("answered 200 with an error: {words}")),
            None => Refusal::malformed("the answer has no list of vectors"),
        },
        Err(error) => Refusal::malformed(format!("the answer is not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProviderErrorKind;

    #[test]
    fn usage_is_read_and_vectors_may_have_either_encoding() {
        for body in [
            r#"{"data": [{"embedding": [0.1, -2e-3]}], "usage": {"prompt_tokens": 7, "total_tokens": 7}}"#,
            r#"{"data": [{"embedding": "AACAPw=="}], "usage": {"prompt_tokens": 7}, "error": null}"#,
        ] {
            let usage = embeddings_usage(body.as_bytes()).unwrap();
            assert_eq!((usage.prompt_tokens, usage.completion_tokens), (7, 0));
            assert_eq!(usage.total_tokens, 7, "{body}");
        }
        assert_eq!(
            embeddings_usage(br#"{"data": []}"#).unwrap().total_tokens,
            0
        );
    }

    #[test]
    fn what_has_no_vectors_is_refused_by_its_kind() {
        for (body, kind) in [
            (
                r#"{"error": {"message": "overloaded"}}"#,
                ProviderErrorKind::Server,
            ),
            (
                r#"{"data": [], "error": {"message": "late"}}"#,
                ProviderErrorKind::Server,
            ),
            (r#"{"data": "none"}"#, ProviderErrorKind::Malformed),
            (r#"{"vectors": []}"#, ProviderErrorKind::Malformed),
            (
                r#"{"data": [{"embedding": [0.1"#,
                ProviderErrorKind::Malformed,
            ),
            ("[]", ProviderErrorKind::Malformed),
        ] {
            let refusal = embeddings_usage(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.kind, kind, "{body}");
        }
    }
}
