//! What operators change while ragd runs: who is the default, whether it answers everything, which
//! providers are left out, which breakers are held open. Where the changes are kept is not its
//! business.

use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Operators' changes, all of them at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The default provider; `None`: as configured.
    pub default_provider: Option<String>,
    /// Whether it answers everything; `None`: as configured.
    pub forced: Option<bool>,
    /// Providers that no request is sent to.
    pub disabled: BTreeSet<String>,
    /// Providers whose breakers are held open.
    pub forced_open: BTreeSet<String>,
    /// When each provider's breakers were last reset by hand.
    pub resets: BTreeMap<String, DateTime<Utc>>,
}
