//! CORS: the origins that may call from a browser; by default none.

use super::request_id::X_REQUEST_ID;
use crate::extract::caller::X_API_KEY;
use crate::extract::disclosure::{
    X_RAGD_ATTEMPTS, X_RAGD_FALLBACK, X_RAGD_MODEL, X_RAGD_OVERHEAD_MS, X_RAGD_PROVIDER,
};
use crate::middleware::idempotency::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may cache a preflight response.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The layer for `origins` (`*` allows every one); `None` without any.
pub(crate) fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let origins = origins.iter().map(|origin| origin.trim_end_matches('/'));
        AllowOrigin::list(origins.filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ])
            .allow_headers([
                AUTHORIZATION,
                CONTENT_TYPE,
                IDEMPOTENCY_KEY,
                X_API_KEY,
                X_REQUEST_ID,
            ])
            .expose_headers([
                X_REQUEST_ID,
                RETRY_AFTER,
                IDEMPOTENCY_REPLAYED,
                X_RAGD_PROVIDER,
                X_RAGD_MODEL,
                X_RAGD_ATTEMPTS,
                X_RAGD_FALLBACK,
                X_RAGD_OVERHEAD_MS,
            ])
            .max_age(MAX_AGE),
    )
}
