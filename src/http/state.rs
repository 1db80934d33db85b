//! What every handler is given.

use super::refusals::Refusals;
use crate::app::App;
use std::sync::Arc;

/// The service behind the door, and what the door itself remembers.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) app: App,
    pub(super) refusals: Arc<Refusals>,
}

impl Door {
    pub(super) fn new(app: App) -> Self {
        Self {
            app,
            refusals: Arc::new(Refusals::default()),
        }
    }
}
