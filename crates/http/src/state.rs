//! What every handler is given.

use crate::audit::throttle::Refusals;
use crate::auth::login_limiter::Throttle;
use crate::metrics::HttpMetrics;
use ragd_core::error::Result;
use ragd_service::app::App;
use std::sync::Arc;

/// The application, and what the HTTP layer itself remembers.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) app: App,
    pub(crate) metrics: Arc<HttpMetrics>,
    /// Refused credentials.
    pub(crate) refusals: Arc<Refusals>,
    /// Callers that a limit refused.
    pub(crate) limited: Arc<Refusals>,
    pub(crate) logins: Arc<Throttle>,
}

impl AppState {
    /// # Errors
    /// `Internal` when this application has been served before.
    pub(crate) fn new(app: App) -> Result<Self> {
        let metrics = HttpMetrics::register(app.registry(), app.shared_metrics())?;
        Ok(Self {
            app,
            metrics: Arc::new(metrics),
            refusals: Arc::default(),
            limited: Arc::default(),
            logins: Arc::default(),
        })
    }
}
