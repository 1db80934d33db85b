//! Callers that are dropped at any point of a transaction, as when an HTTP client disconnects, leave
//! the connection as it was for the next caller.

use super::world::{at, owner};
use crate::support::database::TestDatabase;
use ragd::domain::{JobPayload, JobState, Lane, NewJob, RoomId};
use ragd::store::{Claim, Store};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use uuid::Uuid;

/// Polls `future` whenever it is woken, at most `polls` times, then drops it. Whether it ended.
async fn ends_within(polls: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Drops a transaction of `small`, which has one connection, at each of its points in turn, and sees
/// after each that a statement of its own on that connection is committed.
async fn is_abandoned_at_every_point(small: &Store, others: &Store) {
    for polls in 1.. {
        let user = owner("nobody");
        let ended = ends_within(polls, small.bump_token_version(user, at(1))).await;
        let job = NewJob {
            owner: user,
            payload: JobPayload::Summary(RoomId::new(at(1))),
            lane: Lane::LowPriority,
            run_at: None,
            max_attempts: 3,
            dedupe_key: None,
        };
        others.enqueue(&job, at(1)).await.unwrap();
        let claim = Claim {
            holder: Uuid::from_u128(1),
            lane: Lane::LowPriority,
            limit: 1,
        };
        let claimed = small.claim_jobs(claim, at(1)).await.unwrap();
        let seen = others.job(claimed[0].lease.job, None).await.unwrap();
        assert_eq!(
            seen.unwrap().state,
            JobState::Leased,
            "dropped after {polls} polls"
        );
        if ended {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_transaction_leaves_a_clean_connection_on_postgres() {
    let database = TestDatabase::postgres().await;
    let small = database.another(|settings| settings.pool_size = 1).await;
    is_abandoned_at_every_point(&small, &database.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_transaction_leaves_a_clean_connection_on_sqlite() {
    let database = TestDatabase::sqlite().await;
    is_abandoned_at_every_point(&database.store, &database.another(|_| ()).await).await;
}
