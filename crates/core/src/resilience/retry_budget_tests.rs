//! The budget's bound, and that it is used.

use super::*;
use proptest::prelude::*;

fn budget(ratio: f64, reserve: u32) -> RetryBudget {
    RetryBudget::new(RetryBudgetSettings { ratio, reserve })
}

#[test]
fn ten_retries_are_there_from_the_start_and_then_one_for_five_requests() {
    let budget = RetryBudget::new(RetryBudgetSettings::default());
    assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 10);
    for _ in 0..4 {
        budget.deposit();
        assert!(!budget.withdraw());
    }
    budget.deposit();
    assert!(budget.withdraw());
    assert!(!budget.withdraw());
}

#[test]
fn hours_without_failures_save_up_no_more_than_the_reserve() {
    let budget = budget(0.2, 10);
    (0..1_000_000).for_each(|_| budget.deposit());
    assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 10);
}

#[test]
fn what_is_no_share_gives_no_retries_and_more_than_all_is_all() {
    for ratio in [f64::NAN, -1.0, 0.0] {
        let budget = budget(ratio, 1);
        assert!(budget.withdraw());
        (0..100).for_each(|_| budget.deposit());
        assert!(!budget.withdraw());
    }
    let generous = budget(7.0, 1);
    assert!(generous.withdraw());
    generous.deposit();
    assert!(generous.withdraw());
    assert!(!generous.withdraw());
    let none = budget(0.2, 0);
    (0..100).for_each(|_| none.deposit());
    assert!(!none.withdraw());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn in_any_stretch_retries_are_at_most_the_reserve_and_the_share(
        thousandths in 0_u32..=1_000,
        reserve in 0_u32..20,
        steps in prop::collection::vec(any::<bool>(), 1..200),
    ) {
        let budget = budget(f64::from(thousandths) / 1_000.0, reserve);
        let reserve = u64::from(reserve) * 1_000;
        // By how much a stretch that ends here goes beyond its share, at most.
        let mut beyond = 0_u64;
        let mut balance = reserve;
        for request in steps {
            if request {
                budget.deposit();
                beyond = beyond.saturating_sub(u64::from(thousandths));
                balance = reserve.min(balance + u64::from(thousandths));
                continue;
            }
            let paid = budget.withdraw();
            prop_assert_eq!(paid, balance >= 1_000, "neither too many nor too few");
            if paid {
                beyond += 1_000;
                balance -= 1_000;
            }
            prop_assert!(beyond <= reserve);
        }
    }
}
