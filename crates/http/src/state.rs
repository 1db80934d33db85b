//! What every handler receives as its state.

use crate::audit::throttle::AuditThrottle;
use crate::auth::login_limiter::LoginRateLimiter;
use crate::metrics::HttpMetrics;
use ragd_core::error::Result;
use ragd_service::app::App;
use std::sync::Arc;

/// The application, and the HTTP layer's own counters.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) app: App,
    pub(crate) metrics: Arc<HttpMetrics>,
    /// Limits audit lines about failed credentials.
    pub(crate) failed_credentials: Arc<AuditThrottle>,
    /// Limits audit lines about requests that a rate limit refused.
    pub(crate) rate_limited: Arc<AuditThrottle>,
    /// Limits failed logins.
    pub(crate) login_limiter: Arc<LoginRateLimiter>,
}

impl AppState {
    /// # Errors
    /// `Internal` when this application has been served before.
    pub(crate) fn new(app: App) -> Result<Self> {
        let metrics = HttpMetrics::register(app.registry(), app.shared_metrics())?;
        Ok(Self {
            app,
            metrics: Arc::new(metrics),
            failed_credentials: Arc::default(),
            rate_limited: Arc::default(),
            login_limiter: Arc::default(),
        })
    }
}
