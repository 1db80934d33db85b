//! When each token is due: counted from the beginning, not from the token before, so that a late
//! token makes none of the later ones late.

use std::time::Duration;
use tokio::time::Instant;

/// The time between two tokens; zero for 0 tokens a second, which stands for all at once.
pub(super) fn gap(tokens_per_second: f64) -> Duration {
    if tokens_per_second > 0.0 {
        // A checked speed is no slower than one in 1,000 s.
        Duration::try_from_secs_f64(1.0 / tokens_per_second).unwrap_or(Duration::MAX)
    } else {
        Duration::ZERO
    }
}

/// Due times of the tokens of one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    begins: Instant,
    gap: Duration,
}

impl Schedule {
    /// The first token is due at `begins`, each other one `gap` after the one before.
    pub(super) fn new(begins: Instant, gap: Duration) -> Self {
        Self { begins, gap }
    }

    /// When token `number`, from 0 on, is due; none: at once.
    pub(super) fn due(&self, number: usize) -> Option<Instant> {
        if self.gap.is_zero() || number == 0 {
            return None;
        }
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.begins.checked_add(self.gap.saturating_mul(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_due_at_even_distances_from_the_beginning() {
        let begins = Instant::now();
        let schedule = Schedule::new(begins, gap(50.0));
        assert_eq!(schedule.due(0), None);
        assert_eq!(schedule.due(1), Some(begins + Duration::from_millis(20)));
        assert_eq!(
            schedule.due(5_000),
            Some(begins + Duration::from_millis(100_000))
        );
    }

    #[test]
    fn a_speed_that_does_not_divide_a_second_does_not_drift() {
        let begins = Instant::now();
        let schedule = Schedule::new(begins, gap(30.0));
        let after_an_hour = schedule.due(108_000).unwrap() - begins;
        let off = after_an_hour.abs_diff(Duration::from_secs(3_600));
        assert!(off < Duration::from_millis(1), "{off:?}");
    }

    #[test]
    fn no_speed_is_all_at_once() {
        assert_eq!(Schedule::new(Instant::now(), gap(0.0)).due(1_000), None);
    }
}
