//! Waiting in tests: for something that is seen, never for a time alone, and never without a deadline.

use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Long enough for whatever happens by itself on a busy machine.
pub const SOON: Duration = Duration::from_secs(30);
/// The pause after the first look, which doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Returns as soon as `condition` holds.
///
/// # Panics
/// When it does not hold within `deadline`; the message names `what` was waited for.
pub async fn until<F>(what: &str, deadline: Duration, mut condition: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let look = || {
        let holds = condition();
        async { holds.await.then_some(()) }
    };
    until_some(what, deadline, look).await;
}

/// Returns what `look` sees as soon as it sees something.
///
/// # Panics
/// When it sees nothing within `deadline`; the message names `what` was waited for.
pub async fn until_some<T, F>(what: &str, deadline: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let looking = async {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    match timeout(deadline, looking).await {
        Ok(seen) => seen,
        Err(_) => panic!("waited {deadline:?} in vain for {what}"),
    }
}

/// What `work` returns, which must come within `deadline`.
///
/// # Panics
/// When it does not; the message names `what` was waited for.
pub async fn within<T>(what: &str, deadline: Duration, work: impl Future<Output = T>) -> T {
    match timeout(deadline, work).await {
        Ok(result) => result,
        Err(_) => panic!("waited {deadline:?} in vain for {what}"),
    }
}

#[tokio::test]
async fn it_returns_when_the_condition_holds() {
    let mut looks = 0;
    let third = until_some("the third look", SOON, || {
        looks += 1;
        std::future::ready((looks == 3).then_some(looks))
    });
    assert_eq!(third.await, 3);
}

#[tokio::test]
#[should_panic(expected = "in vain for the sun at night")]
async fn it_fails_at_the_deadline_and_names_what_was_waited_for() {
    until("the sun at night", Duration::from_millis(5), || async {
        false
    })
    .await;
}
