//! The retry budget: how many requests may be sent again, as a share of all that are sent, so that
//! an outage is not multiplied by those who try again. It counts; it neither waits nor sends.
//!
//! The idea is that of retry budgets in Finagle, and of the chapter on cascading failures (22) of
//! Google's "Site Reliability Engineering": a limit on each request alone still doubles the load
//! when every request fails, a limit on the share of retries does not.

use super::sync::{Arc, AtomicI64, Ordering};

/// The balance is kept in thousandths of a retry, so that shares add up exactly.
const RETRY: i64 = 1_000;

/// How many retries there may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryBudgetSettings {
    /// Retries for each request, from 0 to 1, in steps of a thousandth.
    pub ratio: f64,
    /// Retries that may come before, or beyond, the share; the most that is ever saved up.
    /// With 0 nothing is ever sent again.
    pub reserve: u32,
}

impl Default for RetryBudgetSettings {
    fn default() -> Self {
        Self {
            ratio: 0.2,
            reserve: 10,
        }
    }
}

/// A budget that all requests share; the clones are one budget.
///
/// Within any stretch of time there are at most `reserve` + `ratio` × requests retries: what is not
/// used is saved up only as far as the reserve, so hours without failures do not buy a storm.
#[derive(Debug, Clone)]
pub struct RetryBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What a request brings in.
    share: i64,
    most: i64,
    balance: AtomicI64,
}

impl RetryBudget {
    /// A budget with a full reserve.
    pub fn new(settings: RetryBudgetSettings) -> Self {
        let most = i64::from(settings.reserve) * RETRY;
        // What is not a number is no share.
        let thousandths = (settings.ratio.clamp(0.0, 1.0) * 1_000.0).round();
        Self(Arc::new(Shared {
            share: thousandths as i64,
            most,
            balance: AtomicI64::new(most),
        }))
    }

    /// A request is sent for the first time.
    pub fn deposit(&self) {
        let Shared { share, most, .. } = *self.0;
        self.change(|balance| (balance < most).then(|| most.min(balance + share)));
    }

    /// Whether a request may be sent again; if so, that is paid.
    #[must_use = "a retry that was paid and is not made is lost"]
    pub fn withdraw(&self) -> bool {
        self.change(|balance| (balance >= RETRY).then(|| balance - RETRY))
    }

    /// Nothing else hangs on the balance, so no order with other memory is needed.
    fn change(&self, to: impl FnMut(i64) -> Option<i64>) -> bool {
        self.0
            .balance
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, to)
            .is_ok()
    }
}
