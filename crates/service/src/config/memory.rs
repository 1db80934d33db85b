//! What is remembered of long conversations.

use super::Faults;
use serde::{Deserialize, Serialize};

/// Section `memory`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryConfig {
    /// Messages older than this are summed up for the prompt, in days; 0: never.
    pub summary_after_days: u32,
}

impl MemoryConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            self.summary_after_days <= 36_500,
            "memory.summary_after_days (MEMORY_SUMMARY_AFTER_DAYS)",
            "must be at most 36500; 0 makes no summaries",
        );
    }
}
