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

/// Codes for a model that is not there.
const NO_MODEL_CODES: [&str; 6] = [
    "model_not_found",
    "model_decommissioned",
    "model_not_available",
    "model_deprecated",
    "DeploymentNotFound",
    "invalid_model",
];

/// Whether the error says that the model is not there: by its code, or by words about a model, which
/// Ollama, vLLM and others send with a 404 and without a code.
pub fn lacks_model(status: u16, body: &Value) -> bool {
    let error = body.get("error").unwrap_or(body);
    let has_code = ["code", "type"]
        .iter()
        .filter_map(|field| error.get(field).and_then(Value::as_str))
        .any(|word| NO_MODEL_CODES.contains(&word));
    if has_code {
        return true;
    }
    let words = error_words(body).unwrap_or_default().to_ascii_lowercase();
    if !words.contains("model") || words.contains("modelled") {
        return false;
    }
    let is_gone = [
        "decommissioned",
        "is not a valid model",
        "no longer available",
    ];
    let is_missing = [
        "not found",
        "does not exist",
        "not exist",
        "no such model",
        "unknown model",
    ];
    is_gone.iter().any(|word| words.contains(word))
        || (matches!(status, 404 | 410) && is_missing.iter().any(|word| words.contains(word)))
}

/// Codes of a filter that refuses a prompt.
const FILTER_CODES: [&str; 5] = [
    "content_filter",
    "content_policy_violation",
    "ResponsibleAIPolicyViolation",
    "moderation_blocked",
    "content_moderation",
];

/// Whether a filter refuses the request: OpenAI's and Azure's come as an error.
pub fn is_filtered(body: &Value) -> bool {
    let error = body.get("error").unwrap_or(body);
    let inner = error
        .get("innererror")
        .or_else(|| error.get("inner_error"))
        .unwrap_or(&Value::Null);
    // OpenRouter: `{"error": {"code": 403, "metadata": {"reasons": ["violence"], "flagged_input": "…"}}}`.
    let is_flagged = error
        .get("metadata")
        .is_some_and(|found| found.get("flagged_input").is_some());
    let has_code = [error, inner].iter().any(|part| {
        ["code", "type"]
            .iter()
            .filter_map(|field| part.get(field).and_then(Value::as_str))
            .any(|word| FILTER_CODES.contains(&word))
    });
    is_flagged || has_code
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
    fn a_model_that_is_gone_is_told_from_other_refusals() {
        for (status, body) in [
            (
                404,
                json!({"error": {"message": "The model `m` does not exist or you do not have access to it.", "code": "model_not_found"}}),
            ),
            (
                403,
                json!({"error": {"message": "Project `p` does not have access to model `m`", "code": "model_not_found"}}),
            ),
            (
                400,
                json!({"error": {"message": "The model `m` has been decommissioned", "code": "model_decommissioned"}}),
            ),
            (
                404,
                json!({"error": {"message": "model \"m\" not found, try pulling it first", "type": "api_error"}}),
            ),
            (404, json!({"error": "model 'm' not found"})),
            (
                404,
                json!({"object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError", "code": 404}),
            ),
            (
                404,
                json!({"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}),
            ),
            (
                400,
                json!({"error": {"message": "m is not a valid model ID", "code": 400}}),
            ),
        ] {
            assert!(lacks_model(status, &body), "{status} {body}");
        }
        for (status, body) in [
            (404, json!({"error": {"message": "Not Found"}})),
            (404, json!({"detail": "Not Found"})),
            (
                400,
                json!({"error": {"message": "This model's maximum context length is 8192 tokens"}}),
            ),
            (
                400,
                json!({"error": {"message": "tool `f` does not exist for this model"}}),
            ),
            (404, Value::Null),
        ] {
            assert!(!lacks_model(status, &body), "{status} {body}");
        }
    }

    #[test]
    fn a_filter_is_told_from_a_bad_request() {
        assert!(is_filtered(
            &json!({"error": {"code": 403, "metadata": {"reasons": ["violence"], "flagged_input": "…"}}})
        ));
        assert!(is_filtered(
            &json!({"error": {"code": "content_filter", "status": 400}})
        ));
        assert!(is_filtered(
            &json!({"error": {"code": "content_policy_violation"}})
        ));
        assert!(is_filtered(
            &json!({"error": {"code": null, "innererror": {"code": "ResponsibleAIPolicyViolation"}}})
        ));
        assert!(!is_filtered(
            &json!({"error": {"code": "context_length_exceeded"}})
        ));
        assert!(!is_filtered(&Value::Null));
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
