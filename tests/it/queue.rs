//! The queue of durable jobs on both engines: what each operation does, what a lost lease cannot do,
//! many workers at once, and random histories against a model.

mod model;
mod plans;

use crate::store::on_both_engines;
use crate::store::world::{at, commit_of, new_document, owner};
use chrono::{DateTime, TimeDelta, Utc};
use ragd::domain::{
    DocumentStatus, JobId, JobKind, JobPayload, JobProgress, JobState, Lane, Lease, LeasedJob,
    NewJob, PageRequest,
};
use ragd::error::ErrorKind;
use ragd::store::{CancelOutcome, Claim, CommitOutcome, Heartbeat, JobFilter, Reaped, Store};
use std::collections::HashSet;
use uuid::Uuid;

on_both_engines!(
    the_oldest_is_claimed_first_and_only_when_its_time_has_come,
    a_claim_counts_a_try_and_draws_a_token,
    who_lost_the_lease_changes_nothing,
    what_follows_is_enqueued_with_the_end_or_not_at_all,
    a_failed_try_waits_and_the_last_one_is_a_dead_letter,
    an_outage_uses_up_no_try,
    an_ended_lease_is_taken_back_and_three_crashes_are_a_dead_letter,
    a_restart_takes_back_its_own_leases_at_once,
    one_live_job_a_key,
    a_job_is_called_off_before_and_while_it_runs,
    a_dead_letter_can_be_tried_again,
    a_document_and_its_job_share_their_fate,
    a_deleted_document_calls_its_job_off,
    a_generation_is_committed_only_under_its_lease,
    staged_passages_are_seen_by_nobody,
    lists_and_counts,
    what_is_due_is_enqueued_once,
    many_workers_share_the_queue,
);

const HOLDER: Uuid = Uuid::from_u128(0xa11ce);

pub(crate) fn new_job(lane: Lane) -> NewJob {
    NewJob {
        owner: owner("ann"),
        payload: JobPayload::Cleanup,
        lane,
        run_at: None,
        max_attempts: 3,
        dedupe_key: None,
    }
}

async fn claim(store: &Store, lane: Lane, now: DateTime<Utc>) -> Option<LeasedJob> {
    let claim = Claim {
        holder: HOLDER,
        lane,
        limit: 1,
    };
    store.claim_jobs(claim, now).await.unwrap().pop()
}

async fn state(store: &Store, id: JobId) -> JobState {
    store.job(id, None).await.unwrap().unwrap().state
}

async fn the_oldest_is_claimed_first_and_only_when_its_time_has_come(store: &Store) {
    let later = NewJob {
        run_at: Some(at(10)),
        ..new_job(Lane::Default)
    };
    let later = store.enqueue(&later, at(0)).await.unwrap();
    let second = store.enqueue(&new_job(Lane::Default), at(2)).await.unwrap();
    let third = store.enqueue(&new_job(Lane::Default), at(2)).await.unwrap();
    let other = store
        .enqueue(&new_job(Lane::LowPriority), at(1))
        .await
        .unwrap();
    let oldest = store.oldest_ready(at(3)).await.unwrap();
    assert_eq!(oldest, [None, Some(at(2)), Some(at(1))]);
    for expected in [Some(second), Some(third), None] {
        let claimed = claim(store, Lane::Default, at(3)).await;
        assert_eq!(claimed.map(|leased| leased.job.id), expected);
    }
    let claimed = claim(store, Lane::Default, at(10)).await.unwrap();
    assert_eq!(claimed.job.id, later);
    let claimed = claim(store, Lane::LowPriority, at(10)).await.unwrap();
    assert_eq!(claimed.job.id, other);
}

async fn a_claim_counts_a_try_and_draws_a_token(store: &Store) {
    let id = store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap();
    let waits = store.job(id, Some(owner("ann"))).await.unwrap().unwrap();
    assert_eq!((waits.state, waits.attempt), (JobState::Ready, 0));
    assert_eq!(waits.progress, JobProgress::of("queued", 0, 1));
    assert!(store.job(id, Some(owner("bob"))).await.unwrap().is_none());

    let first = claim(store, Lane::Default, at(1)).await.unwrap();
    assert_eq!(
        (first.job.state, first.job.attempt, first.job.started_at),
        (JobState::Leased, 1, Some(at(1)))
    );
    assert_eq!(first.job.payload, JobPayload::Cleanup);
    assert!(store.release_job(first.lease, at(2)).await.unwrap());
    let second = claim(store, Lane::Default, at(3)).await.unwrap();
    assert_ne!(first.lease.token, second.lease.token);
    assert_eq!(
        second.job.attempt, 1,
        "a try that was given back is not counted"
    );
    assert_eq!(second.job.started_at, Some(at(1)));
}

async fn who_lost_the_lease_changes_nothing(store: &Store) {
    let id = store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap();
    let paused = claim(store, Lane::Default, at(1)).await.unwrap().lease;
    assert_eq!(store.reap_jobs(None, at(61)).await.unwrap().returned, 1);
    let holder = claim(store, Lane::Default, at(62)).await.unwrap().lease;

    let forged = Lease {
        job: JobId::new(at(9)),
        ..holder
    };
    for stale in [paused, forged] {
        assert_eq!(
            store.heartbeat(stale, at(63)).await.unwrap(),
            Heartbeat::Lost
        );
        let note = JobProgress::of("embed", 3, 4);
        assert!(!store.checkpoint(stale, &note).await.unwrap());
        assert!(!store.finish_job(stale, &[], at(63)).await.unwrap());
        assert!(!store.end_cancelled(stale, at(63)).await.unwrap());
        assert!(!store.cancel_held_job(stale, at(63)).await.unwrap());
        assert!(!store.dead_letter_job(stale, "x", at(63)).await.unwrap());
        let retried = store.retry_job_at(stale, at(64), "x", at(63)).await;
        assert!(!retried.unwrap());
        let postponed = store.postpone_job(stale, at(64), "x", at(63)).await;
        assert!(!postponed.unwrap());
        assert!(!store.release_job(stale, at(63)).await.unwrap());
    }
    let job = store.job(id, None).await.unwrap().unwrap();
    assert_eq!(
        (job.state, job.crashes, job.error),
        (JobState::Leased, 1, None)
    );
    assert!(store.finish_job(holder, &[], at(64)).await.unwrap());
    assert!(!store.finish_job(holder, &[], at(64)).await.unwrap());
    let job = store.job(id, None).await.unwrap().unwrap();
    assert_eq!(
        (job.state, job.finished_at, job.progress.stage.as_str()),
        (JobState::Done, Some(at(64)), "done")
    );
}

async fn what_follows_is_enqueued_with_the_end_or_not_at_all(store: &Store) {
    store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap();
    let stale = claim(store, Lane::Default, at(1)).await.unwrap().lease;
    store.reap_jobs(None, at(61)).await.unwrap();
    let lease = claim(store, Lane::Default, at(62)).await.unwrap().lease;
    let next = [new_job(Lane::LowPriority)];
    assert!(!store.finish_job(stale, &next, at(63)).await.unwrap());
    assert!(claim(store, Lane::LowPriority, at(64)).await.is_none());
    assert!(store.finish_job(lease, &next, at(64)).await.unwrap());
    assert!(claim(store, Lane::LowPriority, at(64)).await.is_some());
}

async fn a_failed_try_waits_and_the_last_one_is_a_dead_letter(store: &Store) {
    let id = store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap();
    for attempt in 1..=3 {
        let now = at(attempt * 10);
        let leased = claim(store, Lane::Default, now).await.unwrap();
        assert_eq!(leased.job.attempt, attempt);
        let later = now + TimeDelta::seconds(5);
        let retried = store
            .retry_job_at(leased.lease, later, "it broke", now)
            .await;
        assert!(retried.unwrap());
        let early = now + TimeDelta::seconds(4);
        assert!(claim(store, Lane::Default, early).await.is_none());
    }
    let job = store.job(id, None).await.unwrap().unwrap();
    assert_eq!(
        (
            job.state,
            job.attempt,
            job.error.as_deref(),
            job.finished_at
        ),
        (JobState::Dead, 3, Some("it broke"), Some(at(30)))
    );
    assert!(claim(store, Lane::Default, at(99)).await.is_none());
}

async fn an_outage_uses_up_no_try(store: &Store) {
    let id = store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap();
    for round in 1..=9 {
        let leased = claim(store, Lane::Default, at(round * 10)).await.unwrap();
        let since = (round > 1).then_some(at(10));
        assert_eq!((leased.job.attempt, leased.job.waiting_since), (1, since));
        let (now, later) = (at(round * 10), at(round * 10 + 5));
        let postponed = store
            .postpone_job(leased.lease, later, "it is unavailable", now)
            .await;
        assert!(postponed.unwrap());
    }
    let leased = claim(store, Lane::Default, at(200)).await.unwrap();
    store
        .retry_job_at(leased.lease, at(201), "it broke", at(200))
        .await
        .unwrap();
    let job = store.job(id, None).await.unwrap().unwrap();
    assert_eq!((job.attempt, job.waiting_since), (1, None));
}

async fn an_ended_lease_is_taken_back_and_three_crashes_are_a_dead_letter(store: &Store) {
    let durable = NewJob {
        max_attempts: 9,
        ..new_job(Lane::Default)
    };
    let id = store.enqueue(&durable, at(0)).await.unwrap();
    let mut now = 0;
    for crash in 1..=3 {
        let lease = claim(store, Lane::Default, at(now)).await.unwrap().lease;
        let beat = store.heartbeat(lease, at(now + 30)).await.unwrap();
        assert_eq!(beat, Heartbeat::Held);
        let early = store.reap_jobs(None, at(now + 89)).await.unwrap();
        assert_eq!(early, Reaped::default());
        let reaped = store.reap_jobs(None, at(now + 90)).await.unwrap();
        assert_eq!(
            (reaped.returned, reaped.dead),
            (u64::from(crash < 3), u64::from(crash == 3))
        );
        now += 100;
    }
    let job = store.job(id, None).await.unwrap().unwrap();
    assert_eq!((job.state, job.crashes), (JobState::Dead, 3));
    assert!(job.error.unwrap().contains("crashed"));

    let brief = NewJob {
        max_attempts: 1,
        ..new_job(Lane::Default)
    };
    let id = store.enqueue(&brief, at(now)).await.unwrap();
    claim(store, Lane::Default, at(now)).await.unwrap();
    store.reap_jobs(None, at(now + 60)).await.unwrap();
    assert_eq!(
        state(store, id).await,
        JobState::Dead,
        "its tries are used up"
    );
}

async fn a_restart_takes_back_its_own_leases_at_once(store: &Store) {
    for _ in 0..2 {
        store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap();
    }
    let own = claim(store, Lane::Default, at(1)).await.unwrap();
    let others = Claim {
        holder: Uuid::from_u128(0xb0b),
        lane: Lane::Default,
        limit: 5,
    };
    let others = store.claim_jobs(others, at(1)).await.unwrap();
    assert_eq!(others.len(), 1);
    let reaped = store.take_back_jobs(HOLDER, at(2)).await.unwrap();
    assert_eq!((reaped.returned, reaped.dead), (1, 0));
    assert_eq!(state(store, own.job.id).await, JobState::Ready);
    assert!(store.finish_job(others[0].lease, &[], at(2)).await.unwrap());
}

async fn one_live_job_a_key(store: &Store) {
    let keyed = NewJob {
        dedupe_key: Some("the one".to_owned()),
        ..new_job(Lane::Default)
    };
    let first = store.enqueue(&keyed, at(0)).await.unwrap();
    assert_eq!(store.enqueue(&keyed, at(1)).await.unwrap(), first);
    let lease = claim(store, Lane::Default, at(2)).await.unwrap().lease;
    assert_eq!(store.enqueue(&keyed, at(3)).await.unwrap(), first);
    store.finish_job(lease, &[], at(4)).await.unwrap();
    let second = store.enqueue(&keyed, at(5)).await.unwrap();
    assert_ne!(second, first);
    let nul = NewJob {
        dedupe_key: Some("a\0b".to_owned()),
        ..new_job(Lane::Default)
    };
    let refused = store.enqueue(&nul, at(6)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

async fn a_job_is_called_off_before_and_while_it_runs(store: &Store) {
    let id = store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap();
    let not_his = store.cancel_job(id, Some(owner("bob")), at(1)).await;
    assert_eq!(not_his.unwrap(), None);
    let cancelled = store.cancel_job(id, Some(owner("ann")), at(1)).await;
    assert_eq!(cancelled.unwrap(), Some(CancelOutcome::Cancelled));
    assert!(claim(store, Lane::Default, at(2)).await.is_none());
    let again = store.cancel_job(id, None, at(2)).await.unwrap();
    assert_eq!(again, Some(CancelOutcome::Ended(JobState::Cancelled)));

    let id = store.enqueue(&new_job(Lane::Default), at(3)).await.unwrap();
    let lease = claim(store, Lane::Default, at(4)).await.unwrap().lease;
    let requested = store.cancel_job(id, None, at(5)).await.unwrap();
    assert_eq!(requested, Some(CancelOutcome::Requested));
    let beat = store.heartbeat(lease, at(6)).await.unwrap();
    assert_eq!(beat, Heartbeat::CancelRequested);
    // A try that fails is the last one then.
    let retried = store.retry_job_at(lease, at(8), "it broke", at(7)).await;
    assert!(retried.unwrap());
    assert_eq!(state(store, id).await, JobState::Cancelled);

    let id = store.enqueue(&new_job(Lane::Default), at(8)).await.unwrap();
    claim(store, Lane::Default, at(9)).await.unwrap();
    store.cancel_job(id, None, at(10)).await.unwrap();
    assert_eq!(store.reap_jobs(None, at(70)).await.unwrap().cancelled, 1);
    assert_eq!(state(store, id).await, JobState::Cancelled);
}

async fn a_dead_letter_can_be_tried_again(store: &Store) {
    let keyed = NewJob {
        dedupe_key: Some("again".to_owned()),
        ..new_job(Lane::Default)
    };
    let id = store.enqueue(&keyed, at(0)).await.unwrap();
    assert_eq!(
        store.revive_job(id, at(1)).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    let lease = claim(store, Lane::Default, at(1)).await.unwrap().lease;
    store.dead_letter_job(lease, "no", at(2)).await.unwrap();
    let other = store.enqueue(&keyed, at(3)).await.unwrap();
    let taken = store.revive_job(id, at(4)).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Conflict, "another has the key");
    store.cancel_job(other, None, at(5)).await.unwrap();
    let revived = store.revive_job(id, at(6)).await.unwrap().unwrap();
    assert_eq!(
        (revived.state, revived.attempt, revived.crashes),
        (JobState::Ready, 0, 0)
    );
    assert!(claim(store, Lane::Default, at(6)).await.is_some());
    let missing = store.revive_job(JobId::new(at(1)), at(7)).await.unwrap();
    assert!(missing.is_none());
}

async fn a_document_and_its_job_share_their_fate(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let [first] = &store
        .accept_all(std::slice::from_ref(&new), at(0))
        .await
        .unwrap()[..]
    else {
        panic!("one document");
    };
    let document = first.accepted.document.id;
    // A later version calls the earlier one's job off.
    let second = store.accept_all(&[new], at(1)).await.unwrap().remove(0);
    assert_eq!(state(store, first.job).await, JobState::Cancelled);
    let leased = claim(store, Lane::Default, at(2)).await.unwrap();
    assert_eq!(
        (leased.job.id, leased.job.payload.subject()),
        (second.job, Some(document.uuid()))
    );
    let overtaken = store.accepted(document, 1).await.unwrap();
    assert!(overtaken.is_none());
    let accepted = store.accepted(document, 2).await.unwrap().unwrap();
    assert_eq!(accepted.generation, second.accepted.generation);

    store
        .dead_letter_job(leased.lease, "broken: it is", at(3))
        .await
        .unwrap();
    let everything = crate::store::world::everything();
    let read = || store.document(document, &everything);
    let failed = read().await.unwrap().unwrap();
    assert_eq!(
        (failed.status, failed.error.as_deref()),
        (DocumentStatus::Failed, Some("broken: it is"))
    );
    store.revive_job(second.job, at(4)).await.unwrap().unwrap();
    assert_eq!(
        read().await.unwrap().unwrap().status,
        DocumentStatus::Queued
    );
    store.cancel_job(second.job, None, at(5)).await.unwrap();
    let called_off = read().await.unwrap().unwrap();
    assert_eq!(called_off.status, DocumentStatus::Failed);
    assert!(called_off.error.unwrap().starts_with("cancelled"));
}

async fn a_deleted_document_calls_its_job_off(store: &Store) {
    let documents = [new_document("ann", "p", "a"), new_document("ann", "p", "b")];
    let both = store.accept_all(&documents, at(0)).await.unwrap();
    let running = claim(store, Lane::Default, at(1)).await.unwrap();
    assert_eq!(running.job.id, both[0].job);
    for enqueued in &both {
        let everyone = ragd::store::WriteScope::Everyone;
        let id = enqueued.accepted.document.id;
        assert!(store.delete_document(id, everyone, at(2)).await.unwrap());
    }
    assert_eq!(state(store, both[1].job).await, JobState::Cancelled);
    let beat = store.heartbeat(running.lease, at(3)).await.unwrap();
    assert_eq!(beat, Heartbeat::CancelRequested);
    let commit = commit_of(&both[0].accepted, &["x"]);
    let outcome = store
        .commit_generation_of_job(&commit, running.lease, at(3))
        .await;
    assert_eq!(outcome.unwrap(), CommitOutcome::Deleted);
}

async fn a_generation_is_committed_only_under_its_lease(store: &Store) {
    let new = new_document("ann", "p", "a");
    let enqueued = store.accept_all(&[new], at(0)).await.unwrap().remove(0);
    let stale = claim(store, Lane::Default, at(1)).await.unwrap().lease;
    store.reap_jobs(None, at(61)).await.unwrap();
    let lease = claim(store, Lane::Default, at(62)).await.unwrap().lease;
    let commit = commit_of(&enqueued.accepted, &["x", "y"]);
    for (lease, expected) in [
        (stale, CommitOutcome::LeaseLost),
        (lease, CommitOutcome::Committed),
        // An answer that was lost: the same again is no harm.
        (lease, CommitOutcome::Committed),
    ] {
        let outcome = store.commit_generation_of_job(&commit, lease, at(63)).await;
        assert_eq!(outcome.unwrap(), expected);
    }
    let job = store.job(enqueued.job, None).await.unwrap().unwrap();
    assert_eq!(job.progress.stage, "index");
    let generation = enqueued.accepted.generation;
    let failed = store.fail_with_job(generation, stale, "x: y", at(64)).await;
    assert!(!failed.unwrap());
    assert_eq!(store.count_current_passages().await.unwrap(), 2);
}

async fn staged_passages_are_seen_by_nobody(store: &Store) {
    let new = new_document("ann", "p", "a");
    let enqueued = store.accept_all(&[new], at(0)).await.unwrap().remove(0);
    let lease = claim(store, Lane::Default, at(1)).await.unwrap().lease;
    let generation = enqueued.accepted.generation;
    let mut commit = commit_of(&enqueued.accepted, &["a", "b", "c", "d"]);
    let note = JobProgress::of("embed", 2, 4);
    // An earlier try cut the text otherwise, and got further.
    let earlier = commit_of(&enqueued.accepted, &["1", "2", "3", "4", "5", "6"]);
    for window in [&earlier.passages[..], &commit.passages[..2]] {
        let staged = store.stage_passages(generation, window, lease, &note).await;
        assert!(staged.unwrap());
    }
    assert_eq!(store.count_current_passages().await.unwrap(), 0);
    let ids: Vec<_> = commit.passages.iter().map(|passage| passage.id).collect();
    let everything = crate::store::world::everything();
    let seen = store.passages_by_ids(&ids, &everything).await.unwrap();
    assert!(seen.is_empty());
    let job = store.job(enqueued.job, None).await.unwrap().unwrap();
    assert_eq!(job.progress, note);

    commit.passages.drain(..2);
    commit.staged = 2;
    let outcome = store.commit_generation_of_job(&commit, lease, at(2)).await;
    assert_eq!(outcome.unwrap(), CommitOutcome::Committed);
    let seen = store.passages_by_ids(&ids, &everything).await.unwrap();
    let texts: Vec<_> = seen
        .iter()
        .map(|stored| stored.passage.content.as_str())
        .collect();
    assert_eq!(texts, ["a", "b", "c", "d"]);
    assert_eq!(store.count_current_passages().await.unwrap(), 4);
    let late = store
        .stage_passages(generation, &earlier.passages, lease, &note)
        .await;
    assert!(!late.unwrap(), "it is committed already");

    // What fails leaves nothing staged.
    let again = store
        .accept_again(generation.document, None, at(3))
        .await
        .unwrap()
        .unwrap();
    let lease = claim(store, Lane::Default, at(4)).await.unwrap().lease;
    let next = commit_of(&again.accepted, &["x", "y"]);
    let generation = again.accepted.generation;
    let staged = store
        .stage_passages(generation, &next.passages, lease, &note)
        .await;
    assert!(staged.unwrap());
    let failed = store
        .fail_with_job(generation, lease, "broken: it is", at(5))
        .await;
    assert!(failed.unwrap());
    let staged = store.document_generation(generation, None).await.unwrap();
    assert!(staged.is_empty());
    assert_eq!(store.count_current_passages().await.unwrap(), 4);
}

async fn lists_and_counts(store: &Store) {
    let mut ids = Vec::new();
    for second in 0..5 {
        let lane = Lane::ALL[usize::try_from(second).unwrap() % 3];
        ids.push(store.enqueue(&new_job(lane), at(second)).await.unwrap());
    }
    let lease = claim(store, Lane::Default, at(9)).await.unwrap().lease;
    store.dead_letter_job(lease, "no", at(9)).await.unwrap();
    claim(store, Lane::HighPriority, at(9)).await.unwrap();
    let counts = store.lane_counts(at(9)).await.unwrap();
    let shown = counts.map(|one| (one.lane, one.ready, one.leased, one.dead, one.oldest));
    assert_eq!(
        shown,
        [
            (Lane::HighPriority, 1, 1, 0, Some(at(3))),
            (Lane::Default, 1, 0, 1, Some(at(4))),
            (Lane::LowPriority, 1, 0, 0, Some(at(2))),
        ]
    );
    let list = async |filter: JobFilter| -> Vec<JobId> {
        let page = store.list_jobs(&filter, PageRequest::default()).await;
        page.unwrap().data.iter().map(|job| job.id).collect()
    };
    assert_eq!(
        list(JobFilter::default()).await,
        ids.iter().rev().copied().collect::<Vec<_>>()
    );
    let dead = JobFilter {
        state: Some(JobState::Dead),
        ..JobFilter::default()
    };
    assert_eq!(list(dead).await, [ids[1]]);
    let high = JobFilter {
        lane: Some(Lane::HighPriority),
        kind: Some(JobKind::Cleanup),
        ..JobFilter::default()
    };
    assert_eq!(list(high).await, [ids[3], ids[0]]);

    store.cancel_job(ids[2], None, at(10)).await.unwrap();
    assert_eq!(store.forget_jobs(at(10)).await.unwrap(), 0);
    assert_eq!(store.forget_jobs(at(11)).await.unwrap(), 1);
    assert!(store.job(ids[2], None).await.unwrap().is_none());
    assert!(
        store.job(ids[1], None).await.unwrap().is_some(),
        "a dead letter stays"
    );
}

async fn what_is_due_is_enqueued_once(store: &Store) {
    let job = new_job(Lane::LowPriority);
    let due = async |since: i64, now: i64| {
        let found = store
            .enqueue_if_due("daily", at(since), &job, at(now))
            .await;
        found.unwrap().is_some()
    };
    assert!(due(-86_400, 0).await);
    assert!(!due(-86_390, 10).await);
    assert!(
        !due(0, 86_400).await,
        "exactly a day is not more than a day"
    );
    assert!(due(1, 86_401).await);
    assert!(!due(1, 86_401).await);
}

async fn many_workers_share_the_queue(store: &Store) {
    const JOBS: usize = 120;
    let mut expected = HashSet::new();
    for _ in 0..JOBS {
        expected.insert(store.enqueue(&new_job(Lane::Default), at(0)).await.unwrap());
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        workers.spawn(async move {
            let mut done = Vec::new();
            while let Some(leased) = claim(&store, Lane::Default, at(1)).await {
                let next = [new_job(Lane::LowPriority)];
                assert!(store.finish_job(leased.lease, &next, at(2)).await.unwrap());
                done.push(leased.job.id);
            }
            done
        });
    }
    let mut done = Vec::new();
    while let Some(finished) = workers.join_next().await {
        done.extend(finished.unwrap());
    }
    assert_eq!(done.len(), JOBS, "none twice");
    assert_eq!(done.into_iter().collect::<HashSet<_>>(), expected);
    let counts = store.lane_counts(at(3)).await.unwrap();
    assert_eq!(counts[2].ready, i64::try_from(JOBS).unwrap());
}
