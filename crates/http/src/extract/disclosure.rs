//! The headers that disclose how an answer was made: its provider and model, the number of upstream
//! calls, whether it is a fallback, and ragd's own overhead.

use crate::metrics::HttpMetrics;
use crate::middleware::RequestStart;
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ragd_llm::Served;
use ragd_service::chat::Answer;
use std::convert::Infallible;
use std::time::Instant;

/// The provider that answered.
pub(crate) const X_RAGD_PROVIDER: HeaderName = HeaderName::from_static("x-ragd-provider");
/// The requested model.
pub(crate) const X_RAGD_MODEL: HeaderName = HeaderName::from_static("x-ragd-model");
/// The number of upstream calls.
pub(crate) const X_RAGD_ATTEMPTS: HeaderName = HeaderName::from_static("x-ragd-attempts");
/// `true` if the answer is a fallback, else `false`.
pub(crate) const X_RAGD_FALLBACK: HeaderName = HeaderName::from_static("x-ragd-fallback");
/// ragd's own time, without waiting for upstreams, in milliseconds.
pub(crate) const X_RAGD_OVERHEAD_MS: HeaderName = HeaderName::from_static("x-ragd-overhead-ms");

/// Writes the headers of an answer from its [`Served`], and measures the overhead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disclosure {
    started: Instant,
}

impl FromRequestParts<AppState> for Disclosure {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let started = parts.extensions.get::<RequestStart>();
        Ok(Self {
            started: started.map_or_else(Instant::now, |started| started.0),
        })
    }
}

impl Disclosure {
    /// The headers of a chat answer.
    pub(crate) fn of_answer(self, answer: &Answer, metrics: &HttpMetrics) -> HeaderMap {
        let draft = &answer.draft;
        let served = Served {
            provider: draft.provider.clone(),
            model: draft.asked_model.clone(),
            attempts: draft.attempts,
            is_fallback: draft.is_fallback(),
            upstream: draft.upstream,
        };
        self.headers(&served, metrics)
    }

    /// The headers of an answer that is about to be sent. Records ragd's overhead if an upstream was
    /// called.
    pub(crate) fn headers(self, served: &Served, metrics: &HttpMetrics) -> HeaderMap {
        let overhead = self.started.elapsed().saturating_sub(served.upstream);
        if served.attempts > 0 {
            metrics.overhead.observe(overhead.as_secs_f64());
        }
        let mut headers = HeaderMap::with_capacity(8);
        for (name, text) in [
            (X_RAGD_PROVIDER, served.provider.as_str()),
            (X_RAGD_MODEL, served.model.as_str()),
        ] {
            // A model's name may have characters that a header cannot.
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
        headers.insert(X_RAGD_ATTEMPTS, HeaderValue::from(served.attempts));
        let fallback = if served.is_fallback { "true" } else { "false" };
        headers.insert(X_RAGD_FALLBACK, HeaderValue::from_static(fallback));
        let micros = u64::try_from(overhead.as_micros()).unwrap_or(u64::MAX);
        let ms = format!("{}.{:03}", micros / 1_000, micros % 1_000);
        if let Ok(value) = HeaderValue::from_str(&ms) {
            headers.insert(X_RAGD_OVERHEAD_MS, value);
        }
        headers
    }
}
