//! The limiter's edges, and against a model that keeps every request.

use super::*;
use proptest::prelude::*;

const DAY_MS: i64 = 86_400_000;

fn at(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_767_000_000_000 + milliseconds).expect("a time")
}

fn limiter(per_minute: Option<u32>, per_day: Option<u32>) -> Limiter {
    Limiter::new(LimiterSettings {
        per_minute,
        per_day,
    })
}

fn held(reason: HeldReason, retry_after_ms: u64, limit: Option<u32>) -> Result<(), Held> {
    Err(Held {
        reason,
        retry_after: Duration::from_millis(retry_after_ms),
        limit,
    })
}

#[test]
fn a_minute_slides_and_a_place_comes_back_after_sixty_seconds() {
    let limiter = limiter(Some(2), None);
    assert!(limiter.admit(at(0)).is_ok());
    assert!(limiter.admit(at(20_000)).is_ok());
    let full = held(HeldReason::Minute, 1, Some(2));
    assert_eq!(limiter.admit(at(59_999)), full);
    assert!(limiter.admit(at(60_000)).is_ok());
    let full = held(HeldReason::Minute, 20_000, Some(2));
    assert_eq!(limiter.admit(at(60_000)), full);
}

#[test]
fn a_day_begins_with_its_first_request() {
    let limiter = limiter(None, Some(2));
    assert!(limiter.admit(at(1_000)).is_ok());
    assert!(limiter.admit(at(DAY_MS)).is_ok());
    let full = held(HeldReason::Day, 1, Some(2));
    assert_eq!(limiter.admit(at(DAY_MS + 999)), full);
    assert!(limiter.admit(at(DAY_MS + 1_000)).is_ok());
    assert_eq!(limiter.remaining(at(DAY_MS + 1_000)), 1.0);
}

#[test]
fn a_request_that_is_held_takes_no_place_of_any_window() {
    let limiter = limiter(Some(1), Some(5));
    assert!(limiter.admit(at(0)).is_ok());
    for _ in 0..10 {
        assert!(limiter.admit(at(0)).is_err());
    }
    let day = limiter.snapshot(at(0)).day.expect("a day");
    assert_eq!(day.remaining, 4);
}

#[test]
fn what_holds_longest_is_told() {
    let limiter = limiter(Some(1), Some(1));
    assert!(limiter.admit(at(0)).is_ok());
    limiter.cool_down(at(10_000));
    limiter.unusable(at(300_000), "quota");
    let full = held(HeldReason::Day, 86_400_000, Some(1));
    assert_eq!(limiter.admit(at(0)), full);
    let nothing = held(HeldReason::Minute, 60_000, Some(0));
    let closed = Limiter::new(LimiterSettings {
        per_minute: Some(0),
        per_day: None,
    });
    assert_eq!(closed.admit(at(0)), nothing);
}

#[test]
fn of_two_cool_downs_the_later_one_counts() {
    let limiter = limiter(None, None);
    limiter.cool_down(at(10_000));
    limiter.cool_down(at(4_000));
    let cools = held(HeldReason::CoolDown, 1, None);
    assert_eq!(limiter.admit(at(9_999)), cools);
    assert!(limiter.is_usable(at(9_999)));
    assert!(limiter.admit(at(10_000)).is_ok());
}

#[test]
fn an_unusable_provider_says_why_and_comes_back_by_itself() {
    let limiter = limiter(None, None);
    limiter.unusable(at(300_000), "unauthorized");
    limiter.unusable(at(100_000), "quota");
    limiter.cool_down(at(10_000));
    assert!(!limiter.is_usable(at(299_999)));
    let unusable = limiter.snapshot(at(299_999)).unusable;
    assert_eq!(unusable, Some((Duration::from_millis(1), "unauthorized")));
    let told = held(HeldReason::Unusable, 300_000, None);
    assert_eq!(limiter.admit(at(0)), told);
    assert!(limiter.is_usable(at(300_000)));
    assert!(limiter.admit(at(300_000)).is_ok());
}

#[test]
fn clearing_ends_a_rest_and_leaves_the_windows() {
    let limiter = limiter(Some(3), None);
    assert!(limiter.admit(at(0)).is_ok());
    limiter.cool_down(at(10_000));
    limiter.unusable(at(300_000), "quota");
    limiter.clear();
    assert!(limiter.admit(at(1)).is_ok());
    assert_eq!(limiter.remaining(at(1)), 1.0);
}

#[test]
fn a_place_that_was_not_used_is_given_back_once_and_only_to_its_own_window() {
    let limiter = limiter(Some(2), Some(2));
    assert!(limiter.admit(at(0)).is_ok());
    assert!(limiter.admit(at(5_000)).is_ok());
    limiter.give_back(at(0));
    assert!(limiter.admit(at(6_000)).is_ok());
    // Had the other place been given back, this would be 54 seconds.
    let minute = limiter.snapshot(at(6_000)).minute.expect("a minute");
    assert_eq!(minute.frees_in, Some(Duration::from_secs(59)));
    assert!(limiter.admit(at(DAY_MS)).is_ok());
    limiter.give_back(at(6_000));
    let day = limiter.snapshot(at(DAY_MS)).day.expect("a day");
    assert_eq!(day.remaining, 1);
}

#[test]
fn a_day_does_not_begin_with_a_request_that_was_never_sent() {
    let limiter = limiter(None, Some(1));
    assert!(limiter.admit(at(0)).is_ok());
    limiter.give_back(at(0));
    assert!(limiter.admit(at(1_000)).is_ok());
    assert!(limiter.admit(at(DAY_MS)).is_err());
}

#[test]
fn without_windows_everything_is_let_through_and_infinitely_much_remains() {
    let limiter = limiter(None, None);
    assert!((0..1_000).all(|_| limiter.admit(at(0)).is_ok()));
    assert_eq!(limiter.remaining(at(0)), f64::INFINITY);
    assert!(limiter.book().minute.is_empty());
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_the_windows_full() {
    let limiter = limiter(Some(2), Some(2));
    assert!(limiter.admit(at(3_600_000)).is_ok());
    assert!(limiter.admit(at(3_600_000)).is_ok());
    assert_eq!(limiter.remaining(at(0)), 0.0);
    let minute = limiter.snapshot(at(60_000)).minute.expect("a minute");
    assert_eq!(minute.remaining, 2);
    assert!(limiter.admit(at(DAY_MS)).is_ok());
}

#[test]
fn of_many_threads_no_more_are_let_through_than_there_are_places() {
    let limiter = limiter(Some(100), None);
    let ask = || (0..125).filter(|_| limiter.admit(at(0)).is_ok()).count();
    let admitted: usize = std::thread::scope(|scope| {
        let threads = [(); 8].map(|()| scope.spawn(ask));
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread dies"))
            .sum()
    });
    assert_eq!(admitted, 100);
}

/// Every request that was let through, with its time, and when the day of it began.
#[derive(Default)]
struct Model {
    requests: Vec<(i64, i64)>,
    cools: i64,
    unusable: i64,
}

impl Model {
    fn admit(&mut self, settings: LimiterSettings, now: i64) -> Result<(), i64> {
        let minute = self.requests.iter().filter(|(came, _)| now - came < 60_000);
        let began = self.requests.last().map(|(_, began)| *began);
        let began = began.filter(|began| now - began < DAY_MS).unwrap_or(now);
        let day = self
            .requests
            .iter()
            .filter(|(_, day)| *day == began)
            .count();
        let frees = minute
            .clone()
            .map(|(came, _)| came + 60_000)
            .min()
            .unwrap_or(now);
        let waits = [
            (
                settings
                    .per_minute
                    .is_some_and(|limit| minute.count() >= limit as usize),
                frees,
            ),
            (
                settings.per_day.is_some_and(|limit| day >= limit as usize),
                began + DAY_MS,
            ),
            (now < self.cools, self.cools),
            (now < self.unusable, self.unusable),
        ];
        let until = waits
            .iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, until)| *until)
            .max();
        let Some(until) = until else {
            self.requests.push((now, began));
            return Ok(());
        };
        Err(until - now)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn it_does_what_the_model_does(
        per_minute in prop::option::of(1_u32..5),
        per_day in prop::option::of(1_u32..9),
        steps in prop::collection::vec((0_u8..12, 0_usize..8, 1_i64..90_000), 1..60),
    ) {
        const WAITS: [i64; 8] = [0, 0, 1, 20_000, 59_999, 60_000, 8_000_000, DAY_MS];
        let settings = LimiterSettings { per_minute, per_day };
        let (limiter, mut model) = (Limiter::new(settings), Model::default());
        let mut now = 0;
        for (action, wait, rest) in steps {
            now += WAITS[wait];
            match action {
                0 => {
                    model.cools = model.cools.max(now + rest);
                    limiter.cool_down(at(now + rest));
                }
                1 => {
                    model.unusable = model.unusable.max(now + rest);
                    limiter.unusable(at(now + rest), "quota");
                }
                2 => {
                    (model.cools, model.unusable) = (0, 0);
                    limiter.clear();
                }
                _ => {
                    let wait = limiter.admit(at(now)).map_err(|held| held.retry_after);
                    let expected = model.admit(settings, now);
                    prop_assert_eq!(wait, expected.map_err(|ms| Duration::from_millis(ms as u64)));
                }
            }
            prop_assert_eq!(limiter.is_usable(at(now)), now >= model.unusable);
        }
        // The promise itself: no 60 seconds have more than the limit.
        let came: Vec<i64> = model.requests.iter().map(|(came, _)| *came).collect();
        if let Some(limit) = per_minute {
            prop_assert!(came.windows(limit as usize + 1).all(|some| some[limit as usize] - some[0] >= 60_000));
        }
    }
}
