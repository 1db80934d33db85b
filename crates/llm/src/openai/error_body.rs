//! Error bodies of upstreams, in the shapes that compatible servers use:
//! `{"error": {"message", "type", "code"}}`, `{"error": "text"}`, `{"object": "error", "message"}`
//! and `{"detail": …}`.

use serde_json::Value;

/// Phrases for a spent budget among the types and codes of OpenAI-shaped errors; with status 429 they
/// tell "out of money" from "too fast".
const QUOTA_WORDS: [&str; 5] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "quota_exceeded",
    "insufficient_balance",
];

/// The error that a JSON body holds, as text; `None` when it holds none. An error without a message still
/// is one.
pub fn error_words(body: &Value) -> Option<String> {
    let error = match body.get("error") {
        None | Some(Value::Null) => body
            .get("object")
            .filter(|object| *object == "error")
            .map(|_| body)
            .or_else(|| body.get("detail").filter(|_| body.get("choices").is_none()))?,
        Some(error) => error,
    };
    let words = error
        .get("message")
        .and_then(Value::as_str)
        .or_else(|| error.as_str());
    Some(words.map_or_else(|| error.to_string(), str::to_owned))
}

/// Whether the error reports a spent quota or budget.
pub fn is_quota(body: &Value) -> bool {
    let error = body.get("error").unwrap_or(body);
    ["code", "type"]
        .iter()
        .filter_map(|field| error.get(field).and_then(Value::as_str))
        .any(|word| QUOTA_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_gives_its_words() {
        for body in [
            json!({"error": {"message": "too long", "code": "context_length_exceeded"}}),
            json!({"error": "too long"}),
            json!({"object": "error", "message": "too long", "code": 400}),
            json!({"detail": "too long"}),
        ] {
            assert_eq!(error_words(&body).as_deref(), Some("too long"), "{body}");
        }
        assert_eq!(
            error_words(&json!({"error": {"code": 5}})).as_deref(),
            Some("{\"code\":5}")
        );
        assert_eq!(error_words(&json!({"error": null, "choices": []})), None);
    }

    #[test]
    fn a_spent_budget_is_told_from_a_limit() {
        assert!(is_quota(&json!({"error": {"code": "insufficient_quota"}})));
        assert!(is_quota(
            &json!({"error": {"type": "insufficient_quota", "code": null}})
        ));
        assert!(!is_quota(
            &json!({"error": {"code": "rate_limit_exceeded"}})
        ));
    }
}
