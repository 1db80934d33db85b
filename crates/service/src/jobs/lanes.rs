//! Which lane gets the next free place: each has one of its own, the others are shared 6:3:1, and a
//! lane whose oldest job has waited too long comes first. A pure state machine over ages and counts.

use crate::config::JobsConfig;
use ragd_core::domain::Lane;
use std::time::Duration;

/// A lane that waits longer comes before the others, the longest first.
const AGEING: Duration = Duration::from_secs(30);

/// How many places there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneSettings {
    /// Which lanes are served, in the order of [`Lane::ALL`].
    pub served: [bool; 3],
    /// The most jobs of each at once.
    pub at_most: [usize; 3],
    /// Places beside the one that each lane has for itself.
    pub shared: usize,
}

impl LaneSettings {
    /// What the configuration says.
    pub fn of(config: &JobsConfig) -> Self {
        let named = |lane: Lane| config.lanes.iter().any(|name| name == lane.as_str());
        let places = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            served: Lane::ALL.map(|lane| config.lanes.is_empty() || named(lane)),
            at_most: [
                places(config.high_priority_places),
                places(config.default_places),
                places(config.low_priority_places),
            ],
            shared: places(config.shared_places),
        }
    }
}

/// Hands out places. Smooth weighted round robin, as nginx balances upstreams: each lane that wants
/// a place gains its weight, the one with the most credit takes it and pays what all have gained.
#[derive(Debug)]
pub struct LaneScheduler {
    settings: LaneSettings,
    running: [usize; 3],
    credit: [i64; 3],
}

impl LaneScheduler {
    const WEIGHTS: [i64; 3] = [6, 3, 1];

    /// With every place free.
    pub fn new(settings: LaneSettings) -> Self {
        Self {
            settings,
            running: [0; 3],
            credit: [0; 3],
        }
    }

    /// The lane that may start a job now, given how long the oldest job of each has waited (`None`:
    /// it has none), and takes a place for it; `None`: no job waits, or no place is free for one.
    pub fn take(&mut self, waited: [Option<Duration>; 3]) -> Option<Lane> {
        let lane = self.choose(waited)?;
        self.running[lane.index()] += 1;
        Some(lane)
    }

    /// Frees a place of `lane`.
    pub fn free(&mut self, lane: Lane) {
        let running = &mut self.running[lane.index()];
        *running = running.saturating_sub(1);
    }

    /// How many places are taken.
    pub fn running(&self) -> usize {
        self.running.iter().sum()
    }

    fn choose(&mut self, waited: [Option<Duration>; 3]) -> Option<Lane> {
        let wants = |lane: &Lane| {
            let i = lane.index();
            let has_room = self.running[i] < self.settings.at_most[i];
            self.settings.served[i] && waited[i].is_some() && has_room
        };
        let wanting: Vec<Lane> = Lane::ALL.into_iter().filter(wants).collect();
        let own_place = wanting.iter().find(|lane| self.running[lane.index()] == 0);
        if let Some(lane) = own_place {
            return Some(*lane);
        }
        let beyond_own = |running: usize| running.saturating_sub(1);
        let shared_taken: usize = self.running.into_iter().map(beyond_own).sum();
        if shared_taken >= self.settings.shared {
            return None;
        }
        let age = |lane: &Lane| waited[lane.index()].unwrap_or_default();
        let oldest = wanting.iter().copied().max_by_key(age)?;
        if age(&oldest) >= AGEING {
            return Some(oldest);
        }
        self.by_weight(&wanting)
    }

    fn by_weight(&mut self, wanting: &[Lane]) -> Option<Lane> {
        for lane in wanting {
            self.credit[lane.index()] += Self::WEIGHTS[lane.index()];
        }
        let gained: i64 = wanting.iter().map(|lane| Self::WEIGHTS[lane.index()]).sum();
        // The first of equals: the more urgent one.
        let chosen = wanting
            .iter()
            .copied()
            .rev()
            .max_by_key(|lane| self.credit[lane.index()])?;
        self.credit[chosen.index()] -= gained;
        Some(chosen)
    }
}

#[cfg(test)]
mod tests {
    use super::{LaneScheduler, LaneSettings};
    use ragd_core::domain::Lane::{self, Default, HighPriority, LowPriority};
    use std::time::Duration;

    const FRESH: Option<Duration> = Some(Duration::ZERO);

    fn scheduler(shared: usize) -> LaneScheduler {
        LaneScheduler::new(LaneSettings {
            served: [true; 3],
            at_most: [64; 3],
            shared,
        })
    }

    #[test]
    fn each_lane_has_a_place_of_its_own() {
        let mut lanes = scheduler(0);
        assert_eq!(lanes.take([FRESH; 3]), Some(HighPriority));
        assert_eq!(lanes.take([FRESH; 3]), Some(Default));
        assert_eq!(lanes.take([FRESH; 3]), Some(LowPriority));
        assert_eq!(lanes.take([FRESH; 3]), None);
        lanes.free(LowPriority);
        assert_eq!(
            lanes.take([FRESH, None, None]),
            None,
            "it is the low lane's"
        );
        assert_eq!(lanes.take([FRESH; 3]), Some(LowPriority));
    }

    #[test]
    fn shared_places_are_given_out_by_weight() {
        let mut lanes = scheduler(1);
        for lane in Lane::ALL {
            assert_eq!(lanes.take([FRESH; 3]), Some(lane));
        }
        let mut taken = [0; 3];
        for _ in 0..1_000 {
            let lane = lanes.take([FRESH; 3]).unwrap();
            taken[lane.index()] += 1;
            lanes.free(lane);
        }
        assert_eq!(taken, [600, 300, 100]);
    }

    #[test]
    fn a_lane_has_no_more_than_it_may() {
        let mut lanes = LaneScheduler::new(LaneSettings {
            served: [true, true, false],
            at_most: [1, 2, 2],
            shared: 10,
        });
        let mut taken = Vec::new();
        while let Some(lane) = lanes.take([FRESH; 3]) {
            taken.push(lane);
        }
        assert_eq!(taken, [HighPriority, Default, Default]);
    }

    /// Endless work in the high lane, the low lane's own place taken by a job that never ends: the
    /// next low job begins within a minute all the same.
    #[test]
    fn an_endless_high_lane_does_not_starve_the_low_one() {
        let mut lanes = scheduler(2);
        assert_eq!(lanes.take([None, None, FRESH]), Some(LowPriority));
        let mut high: Vec<u64> = Vec::new();
        let mut began = None;
        for second in 0..90_u64 {
            // Every high job takes seven seconds, and there is always a fresh one.
            for _ in high.extract_if(.., |ends| *ends <= second) {
                lanes.free(HighPriority);
            }
            while let Some(lane) = lanes.take([FRESH, None, Some(Duration::from_secs(second))]) {
                if lane == LowPriority {
                    began.get_or_insert(second);
                }
                high.push(second + 7);
            }
        }
        assert!(began.is_some_and(|second| second <= 60), "{began:?}");
    }
}
