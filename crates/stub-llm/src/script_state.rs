//! Decides what each request meets: entry after entry of the script, then correct answers. It counts
//! and never draws at random, so that an outage can be repeated. It also counts requests by
//! behaviour; no clock, no I/O.

use super::behaviour::Behaviour;
use super::pacing::gap;
use super::script::ScriptEntry;
use super::settings::Pace;
use std::collections::VecDeque;
use std::time::Duration;

/// What one request meets, with everything that is needed to reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) behaviour: Behaviour,
    pub(super) retry_after_s: Option<u64>,
    /// Before the first byte.
    pub(super) latency: Duration,
    /// Between two tokens; zero: all at once.
    pub(super) gap: Duration,
    /// Between two tokens of `trickle`, two bytes of `slow-headers`.
    pub(super) trickle: Duration,
}

/// A script, and how far it has come.
#[derive(Debug)]
pub(super) struct ScriptState {
    pace: Pace,
    /// The script as it was at the start.
    script: Vec<ScriptEntry>,
    /// The current entry and those after it.
    coming: VecDeque<ScriptEntry>,
    /// Requests since the current entry began, for its share.
    seen: u64,
    requests: u64,
    by_behaviour: Vec<(Behaviour, u64)>,
}

impl ScriptState {
    pub(super) fn new(pace: Pace, script: Vec<ScriptEntry>) -> Self {
        Self {
            pace,
            coming: script.iter().cloned().collect(),
            script,
            seen: 0,
            requests: 0,
            by_behaviour: Vec::new(),
        }
    }

    /// What the next request meets.
    pub(super) fn next(&mut self) -> Directive {
        let directive = self.decide();
        self.requests += 1;
        match self
            .by_behaviour
            .iter_mut()
            .find(|(behaviour, _)| *behaviour == directive.behaviour)
        {
            Some((_, count)) => *count += 1,
            None => self.by_behaviour.push((directive.behaviour, 1)),
        }
        directive
    }

    /// The given entries replace those that are left.
    pub(super) fn take_over(&mut self, entries: Vec<ScriptEntry>) {
        self.coming = entries.into();
        self.seen = 0;
    }

    /// Everything is as it was at the start: the script, and no requests yet.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.pace, std::mem::take(&mut self.script));
    }

    /// The current entry, with the times that are left of it, and those after it.
    pub(super) fn coming(&self) -> impl Iterator<Item = &ScriptEntry> {
        self.coming.iter().filter(|entry| entry.times != Some(0))
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn by_behaviour(&self) -> &[(Behaviour, u64)] {
        &self.by_behaviour
    }

    fn decide(&mut self) -> Directive {
        while self
            .coming
            .front()
            .is_some_and(|entry| entry.times == Some(0))
        {
            self.coming.pop_front();
            self.seen = 0;
        }
        let pace = self.pace;
        let Some(entry) = self.coming.front_mut() else {
            return directive(&ScriptEntry::default(), pace);
        };
        self.seen += 1;
        if !is_in_share(self.seen, entry.fail_rate.unwrap_or(1.0)) {
            return directive(&ScriptEntry::default(), pace);
        }
        entry.times = entry.times.map(|left| left.saturating_sub(1));
        directive(entry, pace)
    }
}

/// Whether request `number`, from 1 on, is in the share: evenly spread, in millionths so that 0.1 is
/// every tenth exactly.
fn is_in_share(number: u64, rate: f64) -> bool {
    const WHOLE: u128 = 1_000_000;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a checked rate is between 0 and 1"
    )]
    let share = (rate * 1e6).round() as u128;
    let number = u128::from(number);
    number * share / WHOLE > number.saturating_sub(1) * share / WHOLE
}

fn directive(entry: &ScriptEntry, pace: Pace) -> Directive {
    Directive {
        behaviour: entry.behaviour,
        retry_after_s: entry.retry_after_s.or(pace.retry_after_s),
        latency: Duration::from_millis(entry.latency_ms.unwrap_or(pace.latency_ms)),
        gap: gap(entry.tokens_per_second.unwrap_or(pace.tokens_per_second)),
        trickle: Duration::from_millis(entry.trickle_ms.unwrap_or(pace.trickle_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(behaviour: Behaviour, times: Option<u64>) -> ScriptEntry {
        ScriptEntry {
            behaviour,
            times,
            ..ScriptEntry::default()
        }
    }

    fn met(state: &mut ScriptState, requests: usize) -> Vec<Behaviour> {
        (0..requests).map(|_| state.next().behaviour).collect()
    }

    #[test]
    fn scenes_are_played_in_order_and_then_all_is_well() {
        let script = vec![
            entry(Behaviour::Status(500), Some(2)),
            entry(Behaviour::Hang, Some(0)),
            entry(Behaviour::Quota, Some(1)),
        ];
        let mut state = ScriptState::new(Pace::default(), script);
        let expected = [
            Behaviour::Status(500),
            Behaviour::Status(500),
            Behaviour::Quota,
            Behaviour::Ok,
            Behaviour::Ok,
        ];
        assert_eq!(met(&mut state, 5), expected);
        assert_eq!(state.requests(), 5);
        assert_eq!(state.by_behaviour()[0], (Behaviour::Status(500), 2));
        state.reset();
        assert_eq!(state.requests(), 0);
        assert_eq!(met(&mut state, 5), expected);
    }

    #[test]
    fn a_scene_without_times_stays_until_another_takes_over() {
        let mut state =
            ScriptState::new(Pace::default(), vec![entry(Behaviour::Status(503), None)]);
        assert_eq!(met(&mut state, 100), vec![Behaviour::Status(503); 100]);
        state.take_over(vec![ScriptEntry::default()]);
        assert_eq!(met(&mut state, 2), vec![Behaviour::Ok; 2]);
    }

    #[test]
    fn a_share_is_exact_and_evenly_spread() {
        for (rate, expected) in [(0.0, 0), (0.1, 100), (0.3, 300), (0.5, 500), (1.0, 1_000)] {
            let mut failing = entry(Behaviour::Status(500), None);
            failing.fail_rate = Some(rate);
            let mut state = ScriptState::new(Pace::default(), vec![failing]);
            let met = met(&mut state, 1_000);
            let failed = |met: &[Behaviour]| met.iter().filter(|it| **it != Behaviour::Ok).count();
            assert_eq!(failed(&met), expected, "{rate}");
            for ten in met.chunks(10) {
                assert_eq!(failed(ten), expected / 100, "{rate}");
            }
        }
    }

    #[test]
    fn times_count_the_requests_that_were_struck() {
        let mut failing = entry(Behaviour::Status(500), Some(2));
        failing.fail_rate = Some(0.5);
        let mut state = ScriptState::new(Pace::default(), vec![failing]);
        let failed = met(&mut state, 20)
            .into_iter()
            .filter(|it| *it != Behaviour::Ok);
        assert_eq!(failed.count(), 2);
    }

    #[test]
    fn a_scene_has_its_own_pace_and_the_others_the_servers() {
        let mut slow = entry(Behaviour::Ok, Some(1));
        slow.latency_ms = Some(700);
        slow.tokens_per_second = Some(10.0);
        let pace = Pace {
            latency_ms: 5,
            retry_after_s: Some(9),
            ..Pace::default()
        };
        let mut state = ScriptState::new(pace, vec![slow]);
        let first = state.next();
        assert_eq!(first.latency, Duration::from_millis(700));
        assert_eq!(first.gap, Duration::from_millis(100));
        assert_eq!(first.retry_after_s, Some(9));
        let second = state.next();
        assert_eq!(second.latency, Duration::from_millis(5));
        assert_eq!(second.gap, Duration::ZERO);
    }
}
