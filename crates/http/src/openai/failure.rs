//! Failures of `/v1` routes: of the provider chain, of an unknown model, and inside a stream.

use crate::failure::openai::OpenAiStreamFailure;
use crate::failure::problem::{Failure, UpstreamDetail};
use crate::stream::outcome::StreamOutcome;
use axum::http::StatusCode;
use ragd_core::error::{Error, ErrorKind};
use ragd_llm::{ProviderErrorKind, RouteError, RouteErrorKind};
use std::time::Duration;

/// The longest wait that a client is asked for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// The data of the event that ends a started stream with `error`. Logs and counts the error.
pub(super) fn error_event(outcome: &mut StreamOutcome, error: Error) -> String {
    let failure = outcome.fail(error);
    let event = OpenAiStreamFailure::new(&failure, outcome.has_content());
    // Strings and flags always serialise.
    serde_json::to_string(&event).unwrap_or_default()
}

/// The failure of a request that no provider answered.
pub(super) fn of_route(error: RouteError) -> Failure {
    let retry_after = error.retry_after.min(MAX_RETRY_AFTER);
    match error.kind {
        RouteErrorKind::Refused(refused) => {
            let status = refused.status.filter(|status| (400..500).contains(status));
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let named = refused.detail.as_deref();
            let mut detail = UpstreamDetail {
                code: named.and_then(|detail| detail.code.clone()),
                param: named.and_then(|detail| detail.param.clone()),
            };
            if refused.kind == ProviderErrorKind::ModelNotFound {
                detail
                    .code
                    .get_or_insert_with(|| "model_not_found".to_owned());
                detail.param.get_or_insert_with(|| "model".to_owned());
            }
            let error = Error::invalid(error.message).with_code("llm_rejected_request");
            let status = status.unwrap_or(StatusCode::BAD_REQUEST);
            Failure::with_status(status, error).with_upstream(detail)
        }
        RouteErrorKind::RateLimited { limit } => {
            let limited = Error::new(ErrorKind::RateLimited { retry_after }, error.message);
            match limit {
                Some(limit) => limited.with_limit(limit),
                // The provider's own limit is unknown.
                None => limited,
            }
            .into()
        }
        RouteErrorKind::Unavailable | RouteErrorKind::NotConfigured => {
            let error = Error::unavailable(error.message).with_code("llm_unavailable");
            error.with_retry_after(retry_after).into()
        }
    }
}

/// The failure of a request for an unknown model.
pub(super) fn no_model(message: &str) -> Failure {
    let detail = UpstreamDetail {
        code: Some("model_not_found".to_owned()),
        param: Some("model".to_owned()),
    };
    Failure::from(Error::not_found(message)).with_upstream(detail)
}
