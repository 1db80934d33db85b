//! What is learnt of refusals, and what requests become of it.

use super::*;
use crate::failure::Blame;
use crate::{Wire, WrittenRequest};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

fn refusal(body: &Value) -> ProviderError {
    let blame = Blame {
        provider: "openai".into(),
        wire: Wire::OpenAi,
        secrets: std::sync::Arc::new([]),
    };
    blame.status(400, &HeaderMap::new(), body.to_string().as_bytes())
}

fn unsupported(param: &str, message: &str) -> ProviderError {
    refusal(
        &json!({"error": {"message": message, "param": param, "code": "unsupported_parameter"}}),
    )
}

fn ours() -> ChatRequest {
    ChatRequest::of_messages(&[])
        .and_then(|request| request.with("temperature", Some(&0.2)))
        .and_then(|request| request.with("max_tokens", Some(&64)))
        .unwrap()
}

fn callers(json: &str) -> ChatRequest {
    serde_json::from_str::<WrittenRequest>(json)
        .unwrap()
        .request
}

const USE_OTHER: &str = "'max_tokens' is not supported. Use 'max_completion_tokens' instead.";

#[test]
fn a_field_of_ours_is_renamed_or_left_out() {
    let renamed = learn(&unsupported("max_tokens", USE_OTHER), &ours(), &[], false).unwrap();
    assert_eq!(renamed, Lesson::RenameMaxTokens);
    let sent = adapted(&ours(), std::slice::from_ref(&renamed)).into_owned();
    assert_eq!(sent.field("max_completion_tokens"), Some("64"));
    assert_eq!(sent.field("max_tokens"), None);

    let refused = unsupported("temperature", "Only the default (1) value is supported.");
    let omitted = learn(&refused, &ours(), std::slice::from_ref(&renamed), false).unwrap();
    let sent = adapted(&ours(), &[renamed.clone(), omitted]).into_owned();
    assert_eq!(sent.field("temperature"), None);

    let again = unsupported(
        "max_completion_tokens",
        "Unknown parameter: max_completion_tokens",
    );
    let gone = learn(&again, &ours(), std::slice::from_ref(&renamed), false).unwrap();
    let sent = adapted(&ours(), &[renamed, gone]).into_owned();
    assert_eq!(
        (
            sent.field("max_tokens"),
            sent.field("max_completion_tokens")
        ),
        (None, None)
    );
}

#[test]
fn a_stream_goes_without_its_options() {
    let refused = refusal(
        &json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"],
        "msg": "Extra inputs are not permitted"}]}),
    );
    let omitted = Lesson::Omit(STREAM_OPTIONS.to_owned());
    assert_eq!(learn(&refused, &ours(), &[], true), Some(omitted.clone()));
    assert_eq!(learn(&refused, &ours(), &[omitted], true), None);
    assert_eq!(learn(&refused, &ours(), &[], false), None);
}

#[test]
fn a_callers_own_field_stays_their_own() {
    let request = callers(r#"{"messages": [], "temperature": 0.2, "max_tokens": 5}"#);
    let refused = unsupported("temperature", "Unsupported parameter");
    assert_eq!(learn(&refused, &request, &[], false), None);
    // The same number under the name that the model knows is what the caller asked for.
    let limited = unsupported("max_tokens", USE_OTHER);
    assert_eq!(
        learn(&limited, &request, &[], false),
        Some(Lesson::RenameMaxTokens)
    );
    let unknown = unsupported("max_tokens", "Unknown parameter");
    assert_eq!(learn(&unknown, &request, &[], false), None);
    let lessons = [
        Lesson::Omit("temperature".to_owned()),
        Lesson::Omit("max_tokens".to_owned()),
    ];
    let sent = adapted(&request, &lessons);
    assert_eq!(
        (sent.field("temperature"), sent.field("max_tokens")),
        (Some("0.2"), Some("5"))
    );
}

#[test]
fn lessons_are_kept_for_their_model_and_are_bounded() {
    let dialects = Dialects::default();
    assert!(dialects.of("a").is_empty());
    dialects.keep("a", Lesson::RenameMaxTokens);
    dialects.keep("a", Lesson::RenameMaxTokens);
    assert_eq!(dialects.of("a").len(), 1);
    assert!(dialects.of("b").is_empty());
    for model in 0..1_000 {
        dialects.keep(&model.to_string(), Lesson::RenameMaxTokens);
    }
    assert!(dialects.by_model.read().unwrap().len() <= MOST_MODELS);
}
