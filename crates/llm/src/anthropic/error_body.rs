//! Error bodies of Anthropic: `{"type": "error", "error": {"type", "message"}}`, the same
//! as a body, and as an event inside a stream.

use crate::ProviderErrorKind as Kind;
use crate::wire::Refusal;
use serde_json::Value;

/// How a spent balance begins: it comes as a 400 of type `invalid_request_error`.
const SPENT_BALANCE: &str = "credit balance is too low";

/// The error that a JSON body holds, as text; `None` when it holds none. An error without a message still
/// is one.
pub fn error_words(body: &Value) -> Option<String> {
    let error = error(body)?;
    let words = error
        .get("message")
        .and_then(Value::as_str)
        .or_else(|| error.as_str())
        .filter(|words| !words.is_empty());
    Some(words.map_or_else(|| error.to_string(), str::to_owned))
}

/// Whether the error reports a spent budget, whatever the HTTP status.
pub fn is_quota(body: &Value) -> bool {
    error_kind(body) == Some(Kind::Quota)
}

/// What an error means by its own word; `None` when the body holds no error, or one whose word is
/// not known, so that the HTTP status decides.
pub fn error_kind(body: &Value) -> Option<Kind> {
    let error = error(body)?;
    let word = error.get("type").and_then(Value::as_str)?;
    let message = error.get("message").and_then(Value::as_str);
    if message.is_some_and(|message| message.to_ascii_lowercase().contains(SPENT_BALANCE)) {
        return Some(Kind::Quota);
    }
    match word {
        "invalid_request_error" | "not_found_error" | "request_too_large" => Some(Kind::BadRequest),
        "authentication_error" | "permission_error" => Some(Kind::Unauthorized),
        "billing_error" => Some(Kind::Quota),
        "rate_limit_error" => Some(Kind::RateLimited),
        "overloaded_error" | "api_error" | "timeout_error" => Some(Kind::Server),
        _ => None,
    }
}

/// Whether the error says that the model is not there (`not_found_error`, "model: …").
pub fn lacks_model(body: &Value) -> bool {
    error(body).is_some_and(|error| {
        let word = |field| error.get(field).and_then(Value::as_str).unwrap_or_default();
        word("type") == "not_found_error" && word("message").contains("model")
    })
}

/// The refusal for a body or event that holds an error; `how` names the place.
pub fn refusal(body: &Value, how: &str) -> Option<Refusal> {
    Some(Refusal::of_error(
        how,
        error_kind(body),
        &error_words(body)?,
    ))
}

fn error(body: &Value) -> Option<&Value> {
    match body.get("error") {
        None | Some(Value::Null) => body
            .get("type")
            .filter(|kind| *kind == "error")
            .map(|_| body),
        Some(error) => Some(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(kind: &str, message: &str) -> Value {
        json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
    }

    #[test]
    fn each_word_has_its_kind() {
        for (word, kind) in [
            ("invalid_request_error", Some(Kind::BadRequest)),
            ("not_found_error", Some(Kind::BadRequest)),
            ("request_too_large", Some(Kind::BadRequest)),
            ("authentication_error", Some(Kind::Unauthorized)),
            ("permission_error", Some(Kind::Unauthorized)),
            ("billing_error", Some(Kind::Quota)),
            ("rate_limit_error", Some(Kind::RateLimited)),
            ("overloaded_error", Some(Kind::Server)),
            ("api_error", Some(Kind::Server)),
            ("timeout_error", Some(Kind::Server)),
            ("new_error", None),
        ] {
            assert_eq!(error_kind(&body(word, "No.")), kind, "{word}");
        }
        assert_eq!(
            refusal(&body("new_error", "No."), "said").map(|refusal| refusal.kind),
            Some(Kind::Server)
        );
    }

    #[test]
    fn a_spent_balance_is_a_quota_though_it_comes_as_a_bad_request() {
        let spent = body(
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
        );
        assert!(is_quota(&spent));
        assert!(!is_quota(&body("rate_limit_error", "Too fast.")));
        let refusal = refusal(&spent, "answered").unwrap();
        assert!(!refusal.reason.contains("balance"), "{refusal:?}");
    }

    #[test]
    fn a_model_that_is_gone_is_told_from_another_address() {
        assert!(lacks_model(&body("not_found_error", "model: claude-old")));
        assert!(!lacks_model(&body("not_found_error", "Not found")));
        assert!(!lacks_model(&body(
            "invalid_request_error",
            "model: too small"
        )));
    }

    #[test]
    fn an_error_without_words_still_is_one() {
        assert_eq!(
            error_words(&json!({"type": "message", "error": null})),
            None
        );
        assert_eq!(error_words(&body("api_error", "Oh")).as_deref(), Some("Oh"));
        assert!(error_words(&json!({"type": "error"})).is_some());
        assert_eq!(error_words(&json!({"error": "Oh"})).as_deref(), Some("Oh"));
    }
}
