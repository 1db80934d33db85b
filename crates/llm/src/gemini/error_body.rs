//! Error bodies of Google: `{"error": {"code", "message", "status", "details"}}`, the same
//! as a body (some services wrap it in a list) and inside a stream.

use crate::ProviderErrorKind as Kind;
use crate::wire::Refusal;
use serde_json::Value;
use std::time::Duration;

/// The status of both a limit of speed and a spent budget.
const EXHAUSTED: &str = "RESOURCE_EXHAUSTED";

/// Phrases for a spent budget, which has no details of its own.
const SPENT_MONEY: [&str; 2] = ["credits are depleted", "spending cap"];

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

/// Whether the error reports a spent budget: a limit by the day, or money. Limits by the
/// minute are limits of speed.
pub fn is_quota(body: &Value) -> bool {
    let Some(error) = error(body).filter(|error| word(error, "status") == EXHAUSTED) else {
        return false;
    };
    let by_the_day = details(error)
        .filter_map(|detail| detail.get("violations").and_then(Value::as_array))
        .flatten()
        .any(|violation| word(violation, "quotaId").contains("PerDay"));
    let message = word(error, "message").to_ascii_lowercase();
    by_the_day || SPENT_MONEY.iter().any(|words| message.contains(words))
}

/// How long the error asks to wait (`google.rpc.RetryInfo`); the service sends no `Retry-After`.
pub fn retry_delay(body: &Value) -> Option<Duration> {
    let delay = details(error(body)?).find_map(|detail| detail.get("retryDelay")?.as_str())?;
    let seconds: f64 = delay.trim().strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The kind that an error body names; `None` when the body holds no error, or one whose status
/// is not known, so that the HTTP status decides.
pub fn error_kind(body: &Value) -> Option<Kind> {
    let error = error(body)?;
    // A wrong key is a 400 `INVALID_ARGUMENT` here.
    if details(error).any(|detail| word(detail, "reason").starts_with("API_KEY_")) {
        return Some(Kind::Unauthorized);
    }
    match word(error, "status") {
        "UNAUTHENTICATED" | "PERMISSION_DENIED" => Some(Kind::Unauthorized),
        EXHAUSTED if is_quota(body) => Some(Kind::Quota),
        EXHAUSTED => Some(Kind::RateLimited),
        "INVALID_ARGUMENT" | "NOT_FOUND" | "OUT_OF_RANGE" => Some(Kind::BadRequest),
        // No free tier in this region: the operator of ragd has to pay or to move.
        "FAILED_PRECONDITION" => Some(Kind::Misconfigured),
        "INTERNAL" | "UNAVAILABLE" | "DEADLINE_EXCEEDED" | "UNKNOWN" | "ABORTED" | "CANCELLED" => {
            Some(Kind::Server)
        }
        _ => None,
    }
}

/// Whether the error says that the model is not there (`NOT_FOUND`, "models/… is not found").
pub fn lacks_model(body: &Value) -> bool {
    error(body).is_some_and(|error| {
        word(error, "status") == "NOT_FOUND" && word(error, "message").contains("models/")
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
    let body = match body {
        Value::Array(bodies) => bodies.first()?,
        body => body,
    };
    body.get("error").filter(|error| !error.is_null())
}

fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error
        .get("details")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn word<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
#[path = "error_body_tests.rs"]
mod tests;
