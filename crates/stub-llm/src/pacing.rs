//! When each token is due: counted from the beginning, not from the token before, so that a late
//! token makes none of the later ones late.

use std::time::Duration;

/// The time between two tokens; zero for 0 tokens a second, which stands for all at once.
pub(super) fn gap(tokens_per_second: f64) -> Duration {
    if tokens_per_second > 0.0 {
        // A checked speed is no slower than one in 1,000 s.
        Duration::try_from_secs_f64(1.0 / tokens_per_second).unwrap_or(Duration::MAX)
    } else {
        Duration::ZERO
    }
}

/// How long after the first token, number 0, token `number` is due.
pub(super) fn due(gap: Duration, number: usize) -> Duration {
    gap.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_due_at_even_distances_from_the_beginning() {
        let gap = gap(50.0);
        assert_eq!(due(gap, 0), Duration::ZERO);
        assert_eq!(due(gap, 1), Duration::from_millis(20));
        assert_eq!(due(gap, 5_000), Duration::from_millis(100_000));
    }

    #[test]
    fn a_speed_that_does_not_divide_a_second_does_not_drift() {
        let after_an_hour = due(gap(30.0), 108_000);
        let off = after_an_hour.abs_diff(Duration::from_secs(3_600));
        assert!(off < Duration::from_millis(1), "{off:?}");
    }

    #[test]
    fn no_speed_is_all_at_once() {
        assert_eq!(due(gap(0.0), 1_000), Duration::ZERO);
    }
}
