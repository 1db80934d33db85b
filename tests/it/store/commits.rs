//! A generation becomes current as a whole or not at all; a deletion wins.

use super::world::{
    after, at, commit_of, committed, everything, new_document, passage_ids, without_vectors,
};
use ragd::domain::{DocumentId, DocumentStatus, PassageId, Sha256};
use ragd::error::ErrorKind;
use ragd::store::{
    Accepted, Change, ChangeOp, CommitOutcome, Generation, Store, Subject, WriteScope,
};
use std::sync::Arc;
use tokio::sync::Barrier;

super::on_both_engines!(
    a_commit_switches_everything_at_once,
    a_later_generation_supersedes,
    a_commit_may_be_repeated,
    a_document_without_text_has_no_passages,
    an_index_that_passes_over_changes_marks_their_documents,
    a_deletion_wins,
    deletions_and_commits_at_once_leave_nothing_behind,
    a_bad_passage_changes_nothing,
    thousands_of_passages_keep_their_order,
    many_writers_wait_for_each_other,
);

async fn changes(store: &Store) -> Vec<(ChangeOp, DocumentId, Option<i64>)> {
    let entry = |change: Change| match change.subject {
        Subject::Document(id) => (change.op, id, change.generation),
        Subject::Message(_) => panic!("no message was changed"),
    };
    let log = store.changes_after(0, 10_000).await.unwrap();
    log.into_iter().map(entry).collect()
}

async fn a_commit_switches_everything_at_once(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let first = committed(store, &new, &["one", "two", "three"]).await;
    let id = first.document.id;
    let second = store.accept(&new, at(3)).await.unwrap();
    let mut commit = commit_of(&second, &["uno", "dos"]);
    commit.metadata = Some(serde_json::json!({"v": 2}));
    let outcome = store.commit_generation(&commit, at(4)).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);

    let document = store.document(id, &everything()).await.unwrap().unwrap();
    assert_eq!((document.current_generation, document.passages), (2, 2));
    assert_eq!(
        (document.title.as_str(), document.bytes),
        ("Committed 2", 1_002)
    );
    assert_eq!(document.sha256, Sha256::of(b"2"));
    assert_eq!(document.content_type, "text/markdown");
    assert_eq!(document.fingerprint.as_deref(), Some("fingerprint 2"));
    assert_eq!(document.metadata, serde_json::json!({"v": 2}));
    assert_eq!(document.updated_at, at(4));

    let old: Vec<PassageId> = passage_ids(&first, 3);
    assert!(
        store
            .passages_by_ids(&old, &everything())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .document_generation(first.generation, None)
            .await
            .unwrap()
            .is_empty()
    );
    let stored = store
        .document_generation(second.generation, None)
        .await
        .unwrap();
    let texts: Vec<&str> = stored
        .iter()
        .map(|passage| passage.content.as_str())
        .collect();
    assert_eq!(texts, ["uno", "dos"]);
    assert_eq!(
        changes(store).await,
        [
            (ChangeOp::Upsert, id, Some(1)),
            (ChangeOp::Upsert, id, Some(2)),
            (ChangeOp::Delete, id, Some(1)),
        ]
    );
}

async fn a_later_generation_supersedes(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let first = store.accept(&new, at(1)).await.unwrap();
    let second = store.accept(&new, at(2)).await.unwrap();
    store
        .commit_generation(&commit_of(&second, &["two"]), at(3))
        .await
        .unwrap();
    let log = changes(store).await;
    let late = store
        .commit_generation(&commit_of(&first, &["one"]), at(4))
        .await
        .unwrap();
    assert_eq!(late, CommitOutcome::Superseded);
    assert_eq!(changes(store).await, log);
    let document = store
        .document(first.document.id, &everything())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(document.current_generation, 2);
    assert_eq!(store.count_current_passages().await.unwrap(), 1);
}

async fn a_commit_may_be_repeated(store: &Store) {
    let accepted = committed(store, &new_document("ann", "papers", "a"), &["one"]).await;
    store
        .mark_indexed(accepted.generation, at(3))
        .await
        .unwrap();
    let before = (
        changes(store).await,
        store.document(accepted.document.id, &everything()).await,
    );
    let again = store
        .commit_generation(&commit_of(&accepted, &["one"]), at(9))
        .await
        .unwrap();
    assert_eq!(again, CommitOutcome::Committed);
    assert_eq!(changes(store).await, before.0);
    let document = store
        .document(accepted.document.id, &everything())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(document.updated_at, before.1.unwrap().unwrap().updated_at);
}

async fn a_document_without_text_has_no_passages(store: &Store) {
    let accepted = committed(store, &new_document("ann", "papers", "a"), &[]).await;
    assert_eq!(store.count_current_passages().await.unwrap(), 0);
    assert!(
        store
            .mark_indexed(accepted.generation, at(3))
            .await
            .unwrap()
    );
}

async fn an_index_that_passes_over_changes_marks_their_documents(store: &Store) {
    let status = async |accepted: &Accepted| {
        let document = store.document(accepted.document.id, &everything()).await;
        document.unwrap().unwrap().status
    };
    let first = committed(store, &new_document("ann", "papers", "a"), &["one"]).await;
    let head = store.change_log_head().await.unwrap();
    let second = committed(store, &new_document("ann", "papers", "b"), &["two"]).await;
    // Work on a newer version goes on: its own change will mark it.
    let new = new_document("ann", "papers", "c");
    let third = committed(store, &new, &["three"]).await;
    store.accept(&new, at(3)).await.unwrap();
    assert_eq!(store.mark_indexed_up_to(head, at(4)).await.unwrap(), 1);
    assert_eq!(status(&first).await, DocumentStatus::Indexed);
    assert_eq!(status(&second).await, DocumentStatus::Processing);
    let head = store.change_log_head().await.unwrap();
    assert_eq!(store.mark_indexed_up_to(head, at(5)).await.unwrap(), 1);
    assert_eq!(status(&second).await, DocumentStatus::Indexed);
    assert_ne!(status(&third).await, DocumentStatus::Indexed);
    assert_eq!(store.mark_indexed_up_to(head, at(6)).await.unwrap(), 0);
}

async fn a_deletion_wins(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let first = committed(store, &new, &["one"]).await;
    let id = first.document.id;
    let second = store.accept(&new, at(3)).await.unwrap();
    assert!(
        store
            .delete_document(id, WriteScope::Everyone, at(4))
            .await
            .unwrap()
    );
    let late = store
        .commit_generation(&commit_of(&second, &["two"]), at(5))
        .await
        .unwrap();
    assert_eq!(late, CommitOutcome::Deleted);
    assert!(store.document(id, &everything()).await.unwrap().is_none());
    assert_eq!(
        store.admin_counts().await.unwrap(),
        ragd::store::AdminCounts::default()
    );
    assert_eq!(
        changes(store).await.last(),
        Some(&(ChangeOp::Delete, id, None))
    );

    // The source may come again, and is another document then.
    let third = store.accept(&new, at(6)).await.unwrap();
    assert_ne!(third.document.id, id);
    assert_eq!(third.generation.number, 1);
}

async fn deletions_and_commits_at_once_leave_nothing_behind(store: &Store) {
    for round in 0..20 {
        let new = new_document("ann", "papers", &round.to_string());
        let accepted = store.accept(&new, at(round)).await.unwrap();
        let id = accepted.document.id;
        let start = Arc::new(Barrier::new(2));
        let (deleter, ready) = (store.clone(), Arc::clone(&start));
        let delete = tokio::spawn(async move {
            ready.wait().await;
            deleter
                .delete_document(id, WriteScope::Everyone, at(50))
                .await
                .unwrap()
        });
        start.wait().await;
        let outcome = store
            .commit_generation(&commit_of(&accepted, &["a", "b"]), at(51))
            .await;
        assert!(delete.await.unwrap());
        let log: Vec<_> = changes(store)
            .await
            .into_iter()
            .filter(|entry| entry.1 == id)
            .collect();
        match outcome.unwrap() {
            CommitOutcome::Deleted => assert_eq!(log, [(ChangeOp::Delete, id, None)]),
            CommitOutcome::Committed => assert_eq!(
                log,
                [
                    (ChangeOp::Upsert, id, Some(1)),
                    (ChangeOp::Delete, id, None)
                ]
            ),
            CommitOutcome::LeaseLost => panic!("no lease was asked for"),
            CommitOutcome::Superseded => panic!("there was no later generation"),
        }
    }
    assert_eq!(store.count_current_passages().await.unwrap(), 0);
}

async fn a_bad_passage_changes_nothing(store: &Store) {
    let accepted = store
        .accept(&new_document("ann", "papers", "a"), at(1))
        .await
        .unwrap();
    let other = store
        .accept(&new_document("ann", "papers", "b"), at(1))
        .await
        .unwrap();
    let good = commit_of(&accepted, &["one", "two"]);

    let mut nul = good.clone();
    nul.passages[1].content = "a\0b".to_owned();
    let mut foreign = good.clone();
    foreign.passages[1] = commit_of(&other, &["x", "y"]).passages.remove(1);
    let mut older = good.clone();
    older.passages[1].generation = 0;
    let mut half = good.clone();
    half.passages[1].model = None;
    let mut twice = good.clone();
    twice.passages[1] = twice.passages[0].clone();
    for (commit, kind) in [
        (nul, ErrorKind::Invalid),
        (foreign, ErrorKind::Internal),
        (older, ErrorKind::Internal),
        (half, ErrorKind::Internal),
        (twice, ErrorKind::Conflict),
    ] {
        let error = store.commit_generation(&commit, at(2)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{}", error.chain());
    }
    assert_eq!(changes(store).await, []);
    assert_eq!(store.admin_counts().await.unwrap().passages, 0);
    let outcome = store.commit_generation(&good, at(3)).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);
}

async fn thousands_of_passages_keep_their_order(store: &Store) {
    // More than two batches of the statement that inserts, and a part of one.
    let texts: Vec<String> = (0..1_234).map(|number| format!("text {number}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let accepted = committed(store, &new_document("ann", "papers", "a"), &texts).await;
    let stored = store
        .document_generation(accepted.generation, None)
        .await
        .unwrap();
    let stored: Vec<&str> = stored
        .iter()
        .map(|passage| passage.content.as_str())
        .collect();
    assert_eq!(stored, texts);
    let document = store
        .document(accepted.document.id, &everything())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(document.passages, 1_234);
}

async fn many_writers_wait_for_each_other(store: &Store) {
    // Sixteen tasks take the same document and one of their own through four generations each.
    let task = |store: Store, number: i64| async move {
        for step in 0..4 {
            let now = after(at(step), number);
            for uri in ["shared".to_owned(), format!("own {number}")] {
                let accepted = store.accept(&new_document("ann", "p", &uri), now).await?;
                store.mark_processing(accepted.generation, now).await?;
                let commit = without_vectors(commit_of(&accepted, &["a", "b"]));
                store.commit_generation(&commit, now).await?;
                let vectors = passage_ids(&accepted, 2)
                    .into_iter()
                    .map(|id| (id, vec![0.5]));
                let vectors: Vec<_> = vectors.collect();
                store.set_embeddings("late", &vectors, now).await?;
                store.mark_indexed(accepted.generation, now).await?;
            }
        }
        ragd::error::Result::<()>::Ok(())
    };
    let tasks: Vec<_> = (0..16)
        .map(|number| tokio::spawn(task(store.clone(), number)))
        .collect();
    for task in tasks {
        task.await
            .unwrap()
            .unwrap_or_else(|error| panic!("{}", error.chain()));
    }
    let shared = store
        .find_by_source(
            super::world::owner("ann"),
            &super::world::collection("p"),
            "shared",
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(shared.current_generation, 64);
    let current = Generation {
        document: shared.id,
        number: 64,
    };
    assert_eq!(
        store
            .document_generation(current, None)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(store.count_current_passages().await.unwrap(), 17 * 2);
}
