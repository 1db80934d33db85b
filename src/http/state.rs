//! What every handler is given.

use super::refusals::Refusals;
use super::throttle::Throttle;
use crate::app::App;
use std::sync::Arc;

/// The service behind the door, and what the door itself remembers.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) app: App,
    /// Refused credentials.
    pub(super) refusals: Arc<Refusals>,
    /// Callers that a limit refused.
    pub(super) limited: Arc<Refusals>,
    pub(super) logins: Arc<Throttle>,
}

impl Door {
    pub(super) fn new(app: App) -> Self {
        Self {
            app,
            refusals: Arc::default(),
            limited: Arc::default(),
            logins: Arc::default(),
        }
    }
}
