//! Passages are read to answer with, and to build an index from; vectors are kept bit for bit.

use super::world::{
    MODEL, at, commit_of, committed, everything, new_document, passage_ids, vector, without_vectors,
};
use ragd::domain::{DocumentId, Passage, PassageId, Sha256};
use ragd::store::{ChangeOp, DocumentLabel, Store, Subject, WriteScope};
use std::collections::HashMap;

super::on_both_engines!(
    a_passage_comes_back_as_it_was,
    answers_get_what_they_asked_for_in_order,
    a_rebuild_reads_every_passage_once,
    nothing_is_embedded_twice,
    vectors_may_come_later,
    another_model_takes_over,
    vectors_of_what_is_gone_are_passed_over,
    passages_are_measured,
);

async fn a_passage_comes_back_as_it_was(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let accepted = store.accept(&new, at(1)).await.unwrap();
    let mut commit = commit_of(&accepted, &["Grüße, 世界 👋", "second"]);
    commit.passages[1].page = None;
    commit.passages[1].heading = String::new();
    store.commit_generation(&commit, at(2)).await.unwrap();

    let stored = store
        .document_generation(accepted.generation, Some(MODEL))
        .await
        .unwrap();
    assert_eq!(stored.len(), 2);
    for (stored, expected) in stored.iter().zip(&commit.passages) {
        assert_eq!(format!("{stored:?}"), format!("{expected:?}"));
    }
    let bits = |passage: &Passage| -> Vec<u32> {
        passage
            .embedding
            .iter()
            .flatten()
            .map(|value| value.to_bits())
            .collect()
    };
    assert_eq!(bits(&stored[1]), bits(&commit.passages[1]));
}

async fn answers_get_what_they_asked_for_in_order(store: &Store) {
    let one = committed(
        store,
        &new_document("ann", "papers", "a"),
        &["a0", "a1", "a2"],
    )
    .await;
    let two = committed(store, &new_document("ann", "papers", "b"), &["b0"]).await;
    let (one, two) = (passage_ids(&one, 3), passage_ids(&two, 1));
    let unknown = PassageId::of_document(DocumentId::new(at(0)), 1, 0);
    let wanted = [one[2], two[0], unknown, one[0]];
    let found = store.passages_by_ids(&wanted, &everything()).await.unwrap();
    let texts: Vec<&str> = found
        .iter()
        .map(|stored| stored.passage.content.as_str())
        .collect();
    assert_eq!(texts, ["a2", "b0", "a0"]);
    assert!(
        found
            .iter()
            .all(|stored| stored.passage.embedding.is_none())
    );
    assert_eq!(found[1].passage.model.as_deref(), Some(MODEL));
    let label = DocumentLabel {
        title: "Committed 1".to_owned(),
        uri: "b".to_owned(),
        filename: "file.txt".to_owned(),
    };
    assert_eq!(found[1].document, Some(label));
    assert!(
        store
            .passages_by_ids(&[], &everything())
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_rebuild_reads_every_passage_once(store: &Store) {
    let mut expected = Vec::new();
    for uri in ["a", "b", "c"] {
        let accepted = committed(store, &new_document("ann", "p", uri), &["0", "1", "2"]).await;
        expected.extend(passage_ids(&accepted, 3));
    }
    expected.sort();
    let mut read = Vec::new();
    loop {
        let after = read.last().map(|passage: &Passage| passage.id);
        let next = store
            .current_passages_after(after, 4, Some(MODEL))
            .await
            .unwrap();
        if next.is_empty() {
            break;
        }
        assert!(next.len() <= 4);
        read.extend(next);
    }
    let ids: Vec<PassageId> = read.iter().map(|passage| passage.id).collect();
    assert_eq!(ids, expected);
    assert!(
        read.iter()
            .all(|passage| passage.embedding == Some(vector(passage.ordinal)))
    );
    assert_eq!(store.count_current_passages().await.unwrap(), 9);
}

fn hash(text: &str) -> Sha256 {
    Sha256::of(format!("Chapter › Part\n{text}").as_bytes())
}

async fn nothing_is_embedded_twice(store: &Store) {
    let known = committed(store, &new_document("ann", "p", "a"), &["one", "two"]).await;
    committed(store, &new_document("bob", "q", "b"), &["two"]).await;
    let accepted = store
        .accept(&new_document("ann", "p", "c"), at(3))
        .await
        .unwrap();
    let bare = without_vectors(commit_of(&accepted, &["three"]));
    store.commit_generation(&bare, at(4)).await.unwrap();

    let hashes = [hash("one"), hash("three"), hash("four"), hash("one")];
    let found = store.embeddings_by_hash(MODEL, &hashes).await.unwrap();
    assert_eq!(found, HashMap::from([(hash("one"), vector(0))]));
    assert!(
        store
            .embeddings_by_hash("other", &hashes)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .embeddings_by_hash(MODEL, &[])
            .await
            .unwrap()
            .is_empty()
    );

    // Only what is stored now: a vector goes with its last passage.
    store
        .delete_document(known.document.id, WriteScope::Everyone, at(5))
        .await
        .unwrap();
    let left = store
        .embeddings_by_hash(MODEL, &[hash("one"), hash("two")])
        .await
        .unwrap();
    assert_eq!(left, HashMap::from([(hash("two"), vector(0))]));
}

async fn vectors_may_come_later(store: &Store) {
    let mut expected = Vec::new();
    for uri in ["a", "b"] {
        let accepted = store
            .accept(&new_document("ann", "p", uri), at(1))
            .await
            .unwrap();
        let bare = without_vectors(commit_of(&accepted, &["0", "1", "2"]));
        store.commit_generation(&bare, at(2)).await.unwrap();
        expected.extend(passage_ids(&accepted, 3));
    }
    expected.sort();
    let first = store
        .passages_without_embedding(MODEL, None, 4)
        .await
        .unwrap();
    let last = first.last().map(|passage| passage.id);
    let rest = store
        .passages_without_embedding(MODEL, last, 4)
        .await
        .unwrap();
    let ids: Vec<PassageId> = first
        .iter()
        .chain(&rest)
        .map(|passage| passage.id)
        .collect();
    assert_eq!(ids, expected);

    let head = store.change_log_head().await.unwrap();
    let vectors: Vec<_> = first.iter().map(|p| (p.id, vector(p.ordinal))).collect();
    assert_eq!(
        store.set_embeddings(MODEL, &vectors, at(3)).await.unwrap(),
        4
    );
    let left = store
        .passages_without_embedding(MODEL, None, 10)
        .await
        .unwrap();
    assert_eq!(left.len(), 2);
    let log = store.changes_after(head, 10).await.unwrap();
    // Four of six passages: both documents are in it, each once.
    assert_eq!(log.len(), 2);
    for change in log {
        assert_eq!((change.op, change.generation), (ChangeOp::Upsert, Some(1)));
        assert!(matches!(change.subject, Subject::Document(_)));
    }
    let statistics = store.passage_statistics().await.unwrap();
    assert_eq!(statistics.embedded, [(MODEL.to_owned(), 4)]);
}

async fn another_model_takes_over(store: &Store) {
    let accepted = committed(store, &new_document("ann", "p", "a"), &["0", "1"]).await;
    assert!(
        store
            .passages_without_embedding(MODEL, None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let missing = store
        .passages_without_embedding("next", None, 9)
        .await
        .unwrap();
    assert_eq!(missing.len(), 2);
    assert!(missing.iter().all(|passage| passage.model.is_none()));
    let vectors: Vec<_> = missing
        .iter()
        .map(|p| (p.id, vec![p.ordinal as f32]))
        .collect();
    store.set_embeddings("next", &vectors, at(3)).await.unwrap();
    let stored = store
        .document_generation(accepted.generation, Some("next"))
        .await
        .unwrap();
    assert_eq!(stored[1].embedding, Some(vec![1.0]));
    assert_eq!(stored[1].model.as_deref(), Some("next"));
    assert!(
        store
            .embeddings_by_hash(MODEL, &[hash("0")])
            .await
            .unwrap()
            .is_empty()
    );
}

async fn vectors_of_what_is_gone_are_passed_over(store: &Store) {
    let gone = committed(store, &new_document("ann", "p", "a"), &["0"]).await;
    let kept = committed(store, &new_document("ann", "p", "b"), &["0"]).await;
    store
        .delete_document(gone.document.id, WriteScope::Everyone, at(3))
        .await
        .unwrap();
    let head = store.change_log_head().await.unwrap();
    let vectors = [
        (passage_ids(&gone, 1)[0], vec![2.0]),
        (passage_ids(&kept, 1)[0], vec![3.0]),
    ];
    assert_eq!(
        store.set_embeddings("next", &vectors, at(4)).await.unwrap(),
        1
    );
    assert_eq!(
        store
            .set_embeddings("next", &vectors[..1], at(4))
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.set_embeddings("next", &[], at(4)).await.unwrap(), 0);
    let log = store.changes_after(head, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].subject, Subject::Document(kept.document.id));
}

async fn passages_are_measured(store: &Store) {
    let empty = store.passage_statistics().await.unwrap();
    assert_eq!(
        (empty.passages, empty.characters, empty.embedded),
        (0, 0, vec![])
    );
    committed(store, &new_document("ann", "p", "a"), &["0", "1"]).await;
    let statistics = store.passage_statistics().await.unwrap();
    assert_eq!((statistics.passages, statistics.characters), (2, 100));
}
