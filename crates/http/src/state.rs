//! What every handler is given.

use super::metrics::HttpMetrics;
use super::refusals::Refusals;
use super::throttle::Throttle;
use ragd_core::error::Result;
use ragd_service::app::App;
use std::sync::Arc;

/// The application, and what the HTTP layer itself remembers.
#[derive(Clone)]
pub(super) struct AppState {
    pub(super) app: App,
    pub(super) metrics: Arc<HttpMetrics>,
    /// Refused credentials.
    pub(super) refusals: Arc<Refusals>,
    /// Callers that a limit refused.
    pub(super) limited: Arc<Refusals>,
    pub(super) logins: Arc<Throttle>,
}

impl AppState {
    /// # Errors
    /// `Internal` when this application has been served before.
    pub(super) fn new(app: App) -> Result<Self> {
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
