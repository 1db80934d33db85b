//! Whoever reads the log on from where it stopped misses nothing, however many write at once.

use super::world::{after, at, commit_of, committed, new_document};
use ragd::store::{Change, Store, WriteScope};
use std::collections::BTreeSet;

super::on_both_engines!(
    the_log_is_read_in_parts,
    numbers_are_never_given_out_again,
    a_reader_that_follows_misses_nothing,
);

const WRITERS: i64 = 12;
const DOCUMENTS_EACH: i64 = 25;

async fn the_log_is_read_in_parts(store: &Store) {
    assert_eq!(store.change_log_head().await.unwrap(), 0);
    assert_eq!(store.changes_after(0, 10).await.unwrap(), []);
    for uri in ["a", "b", "c"] {
        committed(store, &new_document("ann", "p", uri), &["x"]).await;
    }
    let all = store.changes_after(0, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|change| change.created_at == at(2)));
    assert_eq!(store.change_log_head().await.unwrap(), all[2].seq);
    assert_eq!(store.changes_after(0, 2).await.unwrap(), all[..2]);
    assert_eq!(store.changes_after(all[1].seq, 2).await.unwrap(), all[2..]);
    assert_eq!(store.changes_after(all[2].seq, 2).await.unwrap(), []);
}

async fn numbers_are_never_given_out_again(store: &Store) {
    let accepted = committed(store, &new_document("ann", "p", "a"), &["x"]).await;
    store
        .delete_document(accepted.document.id, WriteScope::Everyone, at(3))
        .await
        .unwrap();
    let head = store.change_log_head().await.unwrap();
    committed(store, &new_document("ann", "p", "a"), &["x"]).await;
    assert!(store.change_log_head().await.unwrap() > head);
}

async fn a_reader_that_follows_misses_nothing(store: &Store) {
    let write = |store: Store, writer: i64| async move {
        for number in 0..DOCUMENTS_EACH {
            let new = new_document("ann", "p", &format!("{writer}/{number}"));
            let now = after(at(number), writer);
            let accepted = store.accept(&new, now).await.unwrap();
            store
                .commit_generation(&commit_of(&accepted, &["x"]), now)
                .await
                .unwrap();
        }
    };
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(write(store.clone(), writer)))
        .collect();

    let mut followed: Vec<Change> = Vec::new();
    loop {
        let finished = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let cursor = followed.last().map_or(0, |change| change.seq);
        let next = store.changes_after(cursor, 7).await.unwrap();
        if next.is_empty() && finished {
            break;
        }
        followed.extend(next);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let all = store.changes_after(0, 100_000).await.unwrap();
    assert_eq!(all.len() as i64, WRITERS * DOCUMENTS_EACH);
    let missed: BTreeSet<i64> = all.iter().map(|change| change.seq).collect();
    let seen: BTreeSet<i64> = followed.iter().map(|change| change.seq).collect();
    assert_eq!(
        missed.difference(&seen).count(),
        0,
        "changes appeared behind the cursor"
    );
    assert_eq!(followed, all);
}
