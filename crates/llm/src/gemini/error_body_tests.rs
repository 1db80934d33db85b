//! Tests of `gemini/error_body`, on texts in the vendor's shape.

use super::*;
use serde_json::json;

fn exhausted(quota_id: &str, delay: &str) -> Value {
    json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
                {"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier"},
                {"quotaId": quota_id, "quotaValue": "250"}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]}})
}

#[test]
fn a_limit_by_the_day_is_a_quota_and_one_by_the_minute_is_not() {
    let day = exhausted("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "17s");
    let minute = exhausted(
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        "8.5s",
    );
    assert!(is_quota(&day) && !is_quota(&minute));
    assert_eq!(error_kind(&day), Some(Kind::Quota));
    assert_eq!(error_kind(&minute), Some(Kind::RateLimited));
    assert_eq!(retry_delay(&day), Some(Duration::from_secs(17)));
    assert_eq!(retry_delay(&minute), Some(Duration::from_millis(8_500)));
    let broke = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "Your prepayment credits are depleted."}});
    assert!(is_quota(&broke));
    assert!(
        !refusal(&broke, "answered")
            .unwrap()
            .reason
            .contains("credits")
    );
}

#[test]
fn a_wait_that_is_none_is_none() {
    for delay in ["", "soon", "-3s", "17", "NaNs"] {
        assert_eq!(retry_delay(&exhausted("x", delay)), None, "{delay}");
    }
    assert_eq!(retry_delay(&json!({"error": {"code": 503}})), None);
    assert_eq!(retry_delay(&json!("oh")), None);
}

#[test]
fn each_status_has_its_kind() {
    for (status, kind) in [
        ("UNAUTHENTICATED", Some(Kind::Unauthorized)),
        ("PERMISSION_DENIED", Some(Kind::Unauthorized)),
        ("RESOURCE_EXHAUSTED", Some(Kind::RateLimited)),
        ("INVALID_ARGUMENT", Some(Kind::BadRequest)),
        ("NOT_FOUND", Some(Kind::BadRequest)),
        ("FAILED_PRECONDITION", Some(Kind::Misconfigured)),
        ("INTERNAL", Some(Kind::Server)),
        ("UNAVAILABLE", Some(Kind::Server)),
        ("DEADLINE_EXCEEDED", Some(Kind::Server)),
        ("NEW", None),
    ] {
        let body = json!({"error": {"code": 400, "message": "No.", "status": status}});
        assert_eq!(error_kind(&body), kind, "{status}");
    }
}

#[test]
fn a_wrong_key_is_told_from_a_bad_request() {
    let body = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT",
        "message": "API key not valid. Please pass a valid API key.",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]}});
    assert_eq!(error_kind(&body), Some(Kind::Unauthorized));
}

#[test]
fn a_model_that_is_gone_is_told_from_another_address() {
    let body =
        |message: &str| json!({"error": {"code": 404, "message": message, "status": "NOT_FOUND"}});
    assert!(lacks_model(&body(
        "models/gemini-old is not found for API version v1beta, or is not supported for generateContent."
    )));
    assert!(!lacks_model(&body("Requested entity was not found.")));
}

#[test]
fn an_error_is_found_in_a_list_too() {
    let body = json!([{"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}]);
    assert_eq!(error_words(&body).as_deref(), Some("Overloaded."));
    assert_eq!(error_kind(&body), Some(Kind::Server));
    assert_eq!(error_words(&json!({"candidates": []})), None);
    assert_eq!(
        error_words(&json!({"error": {"code": 5}})).as_deref(),
        Some("{\"code\":5}")
    );
}
