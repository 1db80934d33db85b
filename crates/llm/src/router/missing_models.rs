//! The models that one provider is known not to have: said by itself, and believed for some minutes.

use crate::guard::UNUSABLE_FOR;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The models that are missing, and until when that is believed.
#[derive(Debug, Default)]
pub(super) struct MissingModels(Mutex<HashMap<String, DateTime<Utc>>>);

impl MissingModels {
    /// The provider said that it does not have the model.
    pub(super) fn add(&self, model: &str, now: DateTime<Utc>) {
        self.models().insert(model.to_owned(), now + UNUSABLE_FOR);
    }

    /// How much longer a model is taken for missing.
    pub(super) fn missing_for(&self, model: &str, now: DateTime<Utc>) -> Option<Duration> {
        let until = *self.models().get(model)?;
        (until - now).to_std().ok().filter(|left| !left.is_zero())
    }

    /// Forgets all of them.
    pub(super) fn clear(&self) {
        self.models().clear();
    }

    fn models(&self) -> MutexGuard<'_, HashMap<String, DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
