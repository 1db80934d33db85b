//! The state of the background task that makes missing vectors.

use tokio::sync::{Mutex, MutexGuard, Notify};

/// Whether vectors are missing, and who makes them.
#[derive(Debug, Default)]
pub(super) struct Filling {
    /// Notified when vectors are missing.
    pub(super) missing: Notify,
    /// Held while missing vectors are made, so that none is made twice, and while the model is
    /// switched, so that none of the former one is stored afterwards.
    turn: Mutex<()>,
}

impl Filling {
    /// Waits until nobody else holds the turn.
    pub(super) async fn turn(&self) -> FillingTurn<'_> {
        FillingTurn {
            _held: self.turn.lock().await,
        }
    }
}

/// The right to make missing vectors; nobody else makes any while it is held.
#[derive(Debug)]
pub struct FillingTurn<'a> {
    _held: MutexGuard<'a, ()>,
}
