//! Background jobs: whether this process runs them, which lanes, how many at once.

use super::{
    Faults,
    table::{setting_kind, settings},
};
use serde::{Deserialize, Serialize};

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves requests and runs jobs.
    All,
    /// Serves requests; other processes run the jobs.
    Api,
    /// Runs jobs; over HTTP it answers only health, metrics and jobs.
    Worker,
}

impl Role {
    /// Whether it runs jobs.
    pub const fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }
}

setting_kind!(Text: Role);

settings! {
    /// Section `jobs`.
    JobsConfig in "jobs";

    /// What this process does.
    role: Role [RAGD_ROLE];
    /// The lanes whose jobs it runs; empty: every lane.
    lanes: Vec<String> [RAGD_WORKER_LANES];
    /// Jobs at once beside the one place that each lane has for itself; given out by weight.
    shared_places: u32 [JOBS_SHARED_PLACES] in 0..=64, "must be at most 64";
    /// Jobs of lane `high_priority` at once, at most.
    high_priority_places: u32 [JOBS_HIGH_PRIORITY_PLACES] in 1..=64;
    /// Jobs of lane `default` at once, at most.
    default_places: u32 [JOBS_DEFAULT_PLACES] in 1..=64;
    /// Jobs of lane `low_priority` at once, at most.
    low_priority_places: u32 [JOBS_LOW_PRIORITY_PLACES] in 1..=64;
    /// How many days done and cancelled jobs are kept.
    keep_days: u32 [];
    /// For tests of crashes: the failpoint at which the process ends, `NAME` or `NAME:PASSAGE`.
    failpoint: Option<String> [RAGD_FAILPOINT];
}

impl JobsConfig {
    pub(super) fn check(&self, faults: &mut Faults) {
        let known = |name: &String| name.parse::<ragd_core::domain::Lane>().is_ok();
        faults.require(
            self.lanes.iter().all(known),
            "jobs.lanes",
            "must be any of high_priority, default, low_priority",
        );
        let place = self.failpoint.as_ref();
        let known = |place: &String| {
            let name = place.split(':').next().unwrap_or_default();
            ragd_core::resilience::FAILPOINTS.contains(&name)
        };
        faults.require(
            place.is_none_or(known),
            "jobs.failpoint",
            "must be the name of a failpoint (docs/runbook.md lists them)",
        );
    }
}
