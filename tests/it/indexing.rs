//! The ledger of an index on a server: one process writes at a time, a lease that nobody renews ends,
//! and whoever has lost it moves nothing. On both databases, with a clock that the tests drive. And
//! followers that share an index: with an unavailable server, and with a real one.

use crate::store::world::{MODEL, committed, new_document, vector};
use crate::support::database::TestDatabase;
use crate::support::qdrant;
use ragd::clock::Clock;
use ragd::error::ErrorKind;
use ragd::index::{
    Added, BuildRecord, CODE_FOLLOWED_ELSEWHERE, CODE_MISMATCH, CODE_UNREACHABLE, Index,
    IndexFilter, Lease, Ledger, Position, ServerSettings, Target, TermCounter, VectorSpace,
};
use ragd::indexing::{Check, Follower, FollowerParts, LEASE, SqlLedger};
use ragd::memory::MessageTexts;
use ragd::secret::{KeyEncryptionKey, Sealer};
use ragd::store::{Store, WriteScope};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

crate::store::on_both_engines!(
    one_process_holds_the_lease_at_a_time,
    many_ask_at_once_and_one_gets_it,
    a_lease_that_ended_and_nobody_took_is_still_the_holders,
    an_overtaken_holder_is_refused_even_when_the_lease_is_free_again,
    a_stale_holder_moves_nothing,
    positions_move_only_from_where_they_stand,
    no_build_has_anothers_number,
    another_model_under_the_same_name_is_refused,
    a_turn_that_fails_gives_the_lease_back,
    processes_share_one_index,
);

const REQUEST: Duration = Duration::from_secs(5);
const NOTHING: Added = Added {
    passages: 0,
    terms: 0,
};

fn clock() -> Clock {
    Clock::manual("2026-01-01T00:00:00Z".parse().unwrap())
}

/// A process of its own: each ledger is another holder.
fn process(store: &Store, clock: &Clock) -> SqlLedger {
    SqlLedger::new(store.clone(), clock.clone(), REQUEST)
}

fn target(name: &str) -> Target {
    Target {
        name: name.to_owned(),
        space: Some(VectorSpace {
            model: "test-model@1".to_owned(),
            dimension: 24,
        }),
    }
}

fn record(build: u64, sequence: i64) -> BuildRecord {
    BuildRecord {
        build,
        sequence,
        terms_version: "test".to_owned(),
        average_terms: 0.1,
        added: Added {
            passages: 3,
            terms: 40,
        },
    }
}

fn at(build: u64, sequence: i64) -> Position {
    Position { build, sequence }
}

async fn refused(ledger: &SqlLedger, target: &Target) {
    let error = ledger.hold(target).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Conflict, CODE_FOLLOWED_ELSEWHERE)
    );
}

async fn one_process_holds_the_lease_at_a_time(store: &Store) {
    let (clock, target) = (clock(), target("t"));
    let (one, other) = (process(store, &clock), process(store, &clock));
    assert_eq!(one.read(&target).await.unwrap(), None);
    let standing = one.claim(&target).await.unwrap().unwrap();
    assert_eq!(standing.record.position(), at(0, 0));
    assert_eq!(other.claim(&target).await.unwrap(), None);
    refused(&other, &target).await;
    assert_eq!(one.claim(&target).await.unwrap(), Some(standing.clone()));
    assert_eq!(one.hold(&target).await.unwrap(), Lease::Held);

    // Renewed while it works, it outlasts its first end.
    for _ in 0..4 {
        clock.advance(LEASE - REQUEST);
        assert_eq!(one.hold(&target).await.unwrap(), Lease::Held);
        assert_eq!(other.claim(&target).await.unwrap(), None);
    }
    one.release(&target).await.unwrap();
    assert_eq!(other.claim(&target).await.unwrap(), Some(standing.clone()));
    assert_eq!(one.claim(&target).await.unwrap(), None);

    // A process that died releases nothing; its lease ends, to the microsecond.
    clock.advance(LEASE - Duration::from_micros(1));
    assert_eq!(one.claim(&target).await.unwrap(), None);
    clock.advance(Duration::from_micros(1));
    assert_eq!(one.claim(&target).await.unwrap(), Some(standing));
    refused(&other, &target).await;
}

async fn many_ask_at_once_and_one_gets_it(store: &Store) {
    let (clock, target) = (clock(), target("t"));
    for _ in 0..5 {
        let asking = (0..12).map(|_| {
            let (ledger, target) = (process(store, &clock), target.clone());
            tokio::spawn(async move { ledger.claim(&target).await.unwrap() })
        });
        let asking: Vec<_> = asking.collect();
        let mut got = Vec::new();
        for one in asking {
            got.extend(one.await.unwrap());
        }
        assert_eq!(got.len(), 1);
        clock.advance(LEASE);
    }
}

async fn a_lease_that_ended_and_nobody_took_is_still_the_holders(store: &Store) {
    let (clock, target) = (clock(), target("t"));
    let (one, other) = (process(store, &clock), process(store, &clock));
    one.claim(&target).await.unwrap().unwrap();
    clock.advance(LEASE * 100);
    assert_eq!(one.hold(&target).await.unwrap(), Lease::Held);
    assert_eq!(other.claim(&target).await.unwrap(), None);
}

async fn an_overtaken_holder_is_refused_even_when_the_lease_is_free_again(store: &Store) {
    let (clock, target) = (clock(), target("t"));
    let (one, other) = (process(store, &clock), process(store, &clock));
    one.claim(&target).await.unwrap().unwrap();
    clock.advance(LEASE);
    other.claim(&target).await.unwrap().unwrap();
    // A late goodbye of the first must not take the second's lease away.
    one.release(&target).await.unwrap();
    assert_eq!(process(store, &clock).claim(&target).await.unwrap(), None);
    other.release(&target).await.unwrap();
    let third = process(store, &clock);
    third.claim(&target).await.unwrap().unwrap();
    clock.advance(LEASE);
    let fourth = process(store, &clock);
    fourth.claim(&target).await.unwrap().unwrap();
    fourth.release(&target).await.unwrap();
    // Free, but others have written since: work begun before must not go on as if they had not.
    refused(&third, &target).await;
    let Lease::Acquired(_) = third.hold(&target).await.unwrap() else {
        panic!("taken anew, and said so");
    };
}

async fn a_stale_holder_moves_nothing(store: &Store) {
    let (clock, target) = (clock(), target("t"));
    let (stale, present) = (process(store, &clock), process(store, &clock));
    stale.claim(&target).await.unwrap().unwrap();
    assert!(stale.serve(&target, 0, record(1, 0)).await.unwrap());
    clock.advance(LEASE);
    present.claim(&target).await.unwrap().unwrap();
    assert!(!stale.advance(&target, at(1, 0), 5, NOTHING).await.unwrap());
    assert!(!stale.serve(&target, 1, record(2, 5)).await.unwrap());
    let standing = present.read(&target).await.unwrap().unwrap();
    assert_eq!(standing.record, record(1, 0));
    assert!(
        present
            .advance(&target, at(1, 0), 5, NOTHING)
            .await
            .unwrap()
    );
    present.release(&target).await.unwrap();
    // Nobody has it now, the stale one neither.
    assert!(!stale.advance(&target, at(1, 5), 6, NOTHING).await.unwrap());
}

async fn positions_move_only_from_where_they_stand(store: &Store) {
    let (clock, target) = (clock(), target("t"));
    let ledger = process(store, &clock);
    let instance = ledger.claim(&target).await.unwrap().unwrap().instance;
    assert!(!ledger.serve(&target, 1, record(2, 9)).await.unwrap());
    assert!(ledger.serve(&target, 0, record(1, 4)).await.unwrap());
    let step = Added {
        passages: 2,
        terms: 9,
    };
    for from in [at(1, 3), at(1, 5), at(2, 4), at(0, 4)] {
        assert!(
            !ledger.advance(&target, from, 8, step).await.unwrap(),
            "{from:?}"
        );
    }
    assert!(ledger.advance(&target, at(1, 4), 8, step).await.unwrap());
    assert!(!ledger.advance(&target, at(1, 4), 8, step).await.unwrap());
    let standing = ledger.read(&target).await.unwrap().unwrap();
    let expected = BuildRecord {
        sequence: 8,
        added: Added {
            passages: 5,
            terms: 49,
        },
        ..record(1, 4)
    };
    assert_eq!((standing.record, standing.instance), (expected, instance));
    // A rebuild in between: the same sequence number is another position.
    assert!(ledger.serve(&target, 1, record(7, 8)).await.unwrap());
    assert!(!ledger.advance(&target, at(1, 8), 9, step).await.unwrap());
    assert!(ledger.advance(&target, at(7, 8), 9, step).await.unwrap());
}

async fn no_build_has_anothers_number(store: &Store) {
    let clock = clock();
    let mut asking = Vec::new();
    for name in ["a", "b", "c"] {
        let (ledger, target) = (process(store, &clock), target(name));
        ledger.claim(&target).await.unwrap().unwrap();
        asking.push(tokio::spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..10 {
                numbers.push(ledger.next_build(&target).await.unwrap());
            }
            numbers
        }));
    }
    let mut numbers = BTreeSet::new();
    for one in asking {
        numbers.extend(one.await.unwrap());
    }
    assert_eq!(numbers, (1..=30).collect());
}

async fn another_model_under_the_same_name_is_refused(store: &Store) {
    let (clock, target) = (clock(), target("t"));
    let ledger = process(store, &clock);
    ledger.claim(&target).await.unwrap().unwrap();
    let wide = VectorSpace {
        model: "test-model@1".to_owned(),
        dimension: 48,
    };
    for space in [Some(wide), None] {
        let other = Target {
            space,
            ..target.clone()
        };
        let error = ledger.read(&other).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Conflict, CODE_MISMATCH)
        );
        assert!(ledger.claim(&other).await.is_err());
    }
}

#[tokio::test]
async fn a_row_without_a_lease_holder_has_no_end_of_a_lease() {
    let database = TestDatabase::sqlite().await;
    let ledger = process(&database.store, &clock());
    ledger.claim(&target("t")).await.unwrap().unwrap();
    let mut connection = database.sqlite_connection().await;
    let half = sqlx::raw_sql("UPDATE index_targets SET lease_holder = NULL")
        .execute(&mut connection)
        .await;
    assert!(half.is_err());
}

/// The space of the vectors that the store's tests make.
fn world_space() -> VectorSpace {
    VectorSpace {
        model: MODEL.to_owned(),
        dimension: vector(0).len(),
    }
}

/// The follower of a process of its own.
async fn follower(store: &Store, settings: &ServerSettings) -> Follower {
    let clock = Clock::system();
    let ledger = SqlLedger::new(store.clone(), clock.clone(), settings.timeout);
    let index = Index::connect(settings.clone(), Arc::new(ledger))
        .await
        .unwrap();
    let counter = TermCounter::new().unwrap();
    let (_, key) = KeyEncryptionKey::new([7; 32]).create_data_key().unwrap();
    let texts = MessageTexts::new(store.clone(), Sealer::new(vec![key]).unwrap());
    Follower::new(FollowerParts {
        store: store.clone(),
        texts,
        index,
        space: settings.space.clone(),
        counter,
        clock,
    })
}

async fn a_turn_that_fails_gives_the_lease_back(store: &Store) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    committed(store, &new_document("ann", "p", "a"), &["heron"]).await;
    let settings = qdrant::settings(&url, Some(world_space()));
    let (one, other) = (
        follower(store, &settings).await,
        follower(store, &settings).await,
    );
    for follower in [&one, &other, &one] {
        let failed = follower.catch_up().await.unwrap_err();
        assert_eq!(failed.code(), CODE_UNREACHABLE);
        assert_eq!(
            follower.repair().await.unwrap_err().code(),
            CODE_UNREACHABLE
        );
        let failed = follower.rebuild(|_| {}).await.unwrap_err();
        assert_eq!(failed.code(), CODE_UNREACHABLE);
        follower.catch_up_if_reachable().await.unwrap();
    }
    assert!(one.index().claim().await.unwrap());
}

async fn processes_share_one_index(store: &Store) {
    let Some(url) = qdrant::url() else { return };
    let settings = qdrant::settings(&url, Some(world_space()));
    let (one, other) = (
        follower(store, &settings).await,
        follower(store, &settings).await,
    );
    let document = committed(store, &new_document("ann", "p", "a"), &["heron", "pelican"]).await;
    assert_eq!(one.catch_up().await.unwrap(), 1);
    assert_eq!(other.catch_up().await.unwrap(), 0, "another has done it");
    assert_eq!(passages(&other).await, 2);

    // All at once: nothing is lost, and nothing that was deleted comes back.
    let followers = [one.clone(), other.clone(), follower(store, &settings).await];
    let mut working = tokio::task::JoinSet::new();
    for (number, follower) in followers.iter().cloned().enumerate() {
        let store = store.clone();
        working.spawn(async move {
            for round in 0..8 {
                let uri = format!("{number}/{round}");
                committed(&store, &new_document("ann", "p", &uri), &["heron"]).await;
                follower.catch_up().await.unwrap();
            }
        });
    }
    let scope = WriteScope::Everyone;
    let id = document.document.id;
    assert!(
        store
            .delete_document(id, scope, crate::store::world::at(9))
            .await
            .unwrap()
    );
    other.catch_up().await.unwrap();
    while let Some(ended) = working.join_next().await {
        ended.unwrap();
    }
    let head = store.change_log_head().await.unwrap();
    for follower in &followers {
        follower.catch_up().await.unwrap();
        assert_eq!(follower.index().refresh().await.unwrap().sequence, head);
        assert_eq!(passages(follower).await, 24);
        assert_eq!(follower.verify().await.unwrap(), Check::Sound);
    }
    // One rebuilds; the others ask the new build at once.
    assert_eq!(other.rebuild(|_| {}).await.unwrap(), 24);
    for follower in &followers {
        assert_eq!(passages(follower).await, 24);
        follower.pass().await.unwrap();
    }
    one.index().refresh().await.unwrap();
    one.index().destroy().await.unwrap();
    // The collection is gone: whoever looks first brings it back.
    other.pass().await.unwrap();
    assert_eq!(passages(&one).await, 24);
    other.index().destroy().await.unwrap();
}

async fn passages(follower: &Follower) -> usize {
    let all = IndexFilter::default();
    follower.index().count(all).await.unwrap()
}
