//! Durable work: whether this process does it, which lanes, how much at once.

use super::Faults;
use serde::{Deserialize, Serialize};

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves and works.
    All,
    /// Serves; others work.
    Api,
    /// Works; over HTTP it answers only health, metrics and jobs.
    Worker,
}

impl Role {
    /// Whether it works on jobs.
    pub const fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }
}

/// Section `jobs`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct JobsConfig {
    /// What this process does.
    pub role: Role,
    /// The lanes that it works on, by their names; empty: every one.
    pub lanes: Vec<String>,
    /// Jobs at once beside the one place that each lane has for itself; given out by weight.
    pub shared_places: u32,
    /// Jobs of lane `high_priority` at once, at most.
    pub high_priority_places: u32,
    /// Jobs of lane `default` at once, at most.
    pub default_places: u32,
    /// Jobs of lane `low_priority` at once, at most.
    pub low_priority_places: u32,
    /// How many days jobs that are done or cancelled are remembered.
    pub keep_days: u32,
    /// Where a rehearsal ends the process: `NAME` or `NAME:PASSAGE`.
    #[serde(default)]
    pub failpoint: Option<String>,
}

impl JobsConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        let known = |name: &String| ragd_core::domain::Lane::parse(name).is_some();
        faults.require(
            self.lanes.iter().all(known),
            "jobs.lanes (RAGD_WORKER_LANES)",
            "must be any of high_priority, default, low_priority",
        );
        faults.require(
            self.shared_places <= 64,
            "jobs.shared_places (JOBS_SHARED_PLACES)",
            "must be at most 64",
        );
        for (places, setting) in [
            (
                self.high_priority_places,
                "jobs.high_priority_places (JOBS_HIGH_PRIORITY_PLACES)",
            ),
            (
                self.default_places,
                "jobs.default_places (JOBS_DEFAULT_PLACES)",
            ),
            (
                self.low_priority_places,
                "jobs.low_priority_places (JOBS_LOW_PRIORITY_PLACES)",
            ),
        ] {
            faults.require(
                (1..=64).contains(&places),
                setting,
                "must be between 1 and 64",
            );
        }
        let place = self.failpoint.as_ref();
        let known = |place: &String| {
            let name = place.split(':').next().unwrap_or_default();
            ragd_core::resilience::FAILPOINTS.contains(&name)
        };
        faults.require(
            place.is_none_or(known),
            "jobs.failpoint (RAGD_FAILPOINT)",
            "must be the name of a failpoint (docs/runbook.md lists them)",
        );
    }
}
