//! What every request through the router shares: the providers, the settings, the retry budget.

use super::member::Member;
use super::overrides::Overrides;
use ragd_core::clock::Clock;
use ragd_core::resilience::RetryBudget;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// The most calls of upstreams that one request makes.
pub(super) const MAX_CALLS: u32 = 3;

/// How requests find their providers.
#[derive(Debug, Clone)]
pub struct RouterSettings {
    /// The default provider's name; `extractive` is not called.
    pub default: String,
    /// The fallbacks, in this order; empty: every provider in the order of the configuration.
    pub fallbacks: Vec<String>,
    /// Whether the default provider answers everything.
    pub forced: bool,
    /// How long one request may take, over all its tries.
    pub total: Duration,
    /// How often the same provider is called again for one request: 0 or 1.
    pub retries: u32,
    /// The longest wait before that.
    pub retry_wait: Duration,
}

pub(super) struct Shared {
    pub(super) members: BTreeMap<String, Arc<Member>>,
    /// The members' names in the order of the configuration.
    pub(super) order: Vec<String>,
    pub(super) settings: RouterSettings,
    pub(super) overrides: RwLock<Arc<Overrides>>,
    pub(super) budget: RetryBudget,
    pub(super) clock: Clock,
}
