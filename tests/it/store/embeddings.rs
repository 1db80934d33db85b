//! Vectors of two models side by side, and which model serves.

use super::world::{MODEL, at, committed, new_document, passage_ids, vector};
use ragd::domain::{Passage, Sha256};
use ragd::store::{EmbeddingModel, ModelRole, Store, WaitingVector, WriteScope};
use std::collections::HashMap;

super::on_both_engines!(
    another_models_vectors_wait_beside,
    waiting_vectors_move_in_batches,
    waiting_vectors_go_with_their_passages,
    what_waits_of_others_is_dropped,
    a_switch_changes_every_role_at_once,
    an_older_database_tells_its_model_by_its_vectors,
);

const NEXT: &str = "next-model@2";

fn hash(text: &str) -> Sha256 {
    Sha256::of(format!("Chapter › Part\n{text}").as_bytes())
}

async fn stored(store: &Store, model: Option<&str>) -> Vec<Passage> {
    store.current_passages_after(None, 99, model).await.unwrap()
}

async fn keep(store: &Store, model: &str, of: &[Passage]) {
    let waiting: Vec<WaitingVector> = of
        .iter()
        .map(|one| (one.id, hash(&one.content), vec![one.ordinal as f32, 2.0]))
        .collect();
    store.keep_beside(model, &waiting).await.unwrap();
}

async fn another_models_vectors_wait_beside(store: &Store) {
    let accepted = committed(store, &new_document("ann", "p", "a"), &["0", "1", "2"]).await;
    let all = stored(store, Some(MODEL)).await;
    let head = store.change_log_head().await.unwrap();
    assert_eq!(store.count_without_embedding(NEXT).await.unwrap(), 3);
    keep(store, NEXT, &all[..2]).await;
    keep(store, NEXT, &all[..2]).await;

    assert_eq!(
        store.change_log_head().await.unwrap(),
        head,
        "no index is told"
    );
    assert_eq!(store.count_without_embedding(NEXT).await.unwrap(), 1);
    assert_eq!(store.count_without_embedding(MODEL).await.unwrap(), 0);
    let missing = store
        .passages_without_embedding(NEXT, None, 9)
        .await
        .unwrap();
    let ids: Vec<_> = missing.iter().map(|passage| passage.id).collect();
    assert_eq!(ids, [all[2].id]);
    for (model, expected) in [
        (Some(MODEL), [true, true, true]),
        (Some(NEXT), [true, true, false]),
        (Some("third"), [false; 3]),
        (None, [false; 3]),
    ] {
        let passages = stored(store, model).await;
        let has: Vec<bool> = passages.iter().map(|one| one.embedding.is_some()).collect();
        assert_eq!(has, expected, "{model:?}");
        for one in passages {
            assert_eq!(
                one.model.as_deref(),
                model.filter(|_| one.embedding.is_some())
            );
            let dimension = one.embedding.map(|vector| vector.len());
            assert!([None, Some(if model == Some(MODEL) { 4 } else { 2 })].contains(&dimension));
        }
    }
    let found = store
        .document_generation(accepted.generation, Some(NEXT))
        .await
        .unwrap();
    assert_eq!(
        found.iter().filter(|one| one.embedding.is_some()).count(),
        2
    );
    let known = &all[0];
    let known_hash = hash(&known.content);
    let found = store
        .embeddings_by_hash(NEXT, &[known_hash, hash("else")])
        .await
        .unwrap();
    assert_eq!(
        found,
        HashMap::from([(known_hash, vec![known.ordinal as f32, 2.0])])
    );
}

async fn waiting_vectors_move_in_batches(store: &Store) {
    committed(store, &new_document("ann", "p", "a"), &["0", "1", "2"]).await;
    committed(store, &new_document("ann", "p", "b"), &["0"]).await;
    let all = stored(store, Some(MODEL)).await;
    keep(store, NEXT, &all[..3]).await;
    let head = store.change_log_head().await.unwrap();
    let mut moved = Vec::new();
    while let 1.. = *moved.last().unwrap_or(&1) {
        // Wherever a vector is, a reader finds it.
        let found = stored(store, Some(NEXT)).await;
        assert_eq!(
            found.iter().filter(|one| one.embedding.is_some()).count(),
            3
        );
        moved.push(store.move_waiting(NEXT, 2).await.unwrap());
    }
    assert_eq!(moved, [2, 1, 0]);
    assert_eq!(store.change_log_head().await.unwrap(), head);
    let statistics = store.passage_statistics().await.unwrap();
    let expected = [(NEXT.to_owned(), 3), (MODEL.to_owned(), 1)];
    assert_eq!(statistics.embedded, expected);
    let found = stored(store, Some(NEXT)).await;
    assert_eq!(found[0].embedding, Some(vec![found[0].ordinal as f32, 2.0]));
}

async fn waiting_vectors_go_with_their_passages(store: &Store) {
    let gone = committed(store, &new_document("ann", "p", "a"), &["0"]).await;
    committed(store, &new_document("ann", "p", "b"), &["0"]).await;
    let all = stored(store, Some(MODEL)).await;
    keep(store, NEXT, &all).await;
    let gone_passage: Vec<Passage> = all
        .iter()
        .filter(|one| passage_ids(&gone, 1).contains(&one.id))
        .cloned()
        .collect();
    store
        .delete_document(gone.document.id, WriteScope::Everyone, at(3))
        .await
        .unwrap();
    // One that was made meanwhile is passed over.
    keep(store, NEXT, &gone_passage).await;
    assert_eq!(store.move_waiting(NEXT, 9).await.unwrap(), 1);
    assert_eq!(store.move_waiting(NEXT, 9).await.unwrap(), 0);
}

async fn what_waits_of_others_is_dropped(store: &Store) {
    committed(store, &new_document("ann", "p", "a"), &["0", "1", "2"]).await;
    let all = stored(store, Some(MODEL)).await;
    for model in [NEXT, "third", "fourth"] {
        keep(store, model, &all).await;
    }
    let mut dropped = 0;
    loop {
        let some = store.drop_waiting_but(Some(NEXT), 2).await.unwrap();
        assert!(some <= 2);
        dropped += some;
        if some == 0 {
            break;
        }
    }
    assert_eq!(dropped, 6);
    assert_eq!(store.count_without_embedding(NEXT).await.unwrap(), 0);
    assert_eq!(store.count_without_embedding("third").await.unwrap(), 3);
}

fn model(id: &str) -> EmbeddingModel {
    EmbeddingModel {
        id: id.to_owned(),
        dimension: 64,
        source: serde_json::json!({ "provider": "ollama", "model": id }),
    }
}

async fn a_switch_changes_every_role_at_once(store: &Store) {
    use ModelRole::{Building, Serving, Superseded};
    let role = async |role| store.embedding_model(role).await.unwrap();
    assert_eq!(role(Serving).await, None);
    store
        .set_embedding_model(Serving, Some(&model("one")), at(1))
        .await
        .unwrap();
    store
        .set_embedding_model(Building, Some(&model("two")), at(2))
        .await
        .unwrap();
    store
        .set_embedding_model(Building, Some(&model("two")), at(2))
        .await
        .unwrap();
    for _ in 0..2 {
        store
            .switch_embedding_model(&model("two"), at(3))
            .await
            .unwrap();
        assert_eq!(role(Serving).await, Some(model("two")));
        assert_eq!(role(Superseded).await, Some(model("one")));
        assert_eq!(role(Building).await, None);
    }
    store
        .switch_embedding_model(&model("one"), at(4))
        .await
        .unwrap();
    assert_eq!(role(Superseded).await, Some(model("two")));
    store
        .set_embedding_model(Superseded, None, at(5))
        .await
        .unwrap();
    assert_eq!(role(Superseded).await, None);
}

async fn an_older_database_tells_its_model_by_its_vectors(store: &Store) {
    assert_eq!(store.most_used_model().await.unwrap(), None);
    assert!(!store.has_embeddings().await.unwrap());
    committed(store, &new_document("ann", "p", "a"), &["0", "1", "2"]).await;
    let all = stored(store, Some(MODEL)).await;
    let other = [(all[0].id, vec![1.0; 7])];
    store.set_embeddings("other", &other, at(3)).await.unwrap();
    let expected = Some((MODEL.to_owned(), vector(0).len()));
    assert_eq!(store.most_used_model().await.unwrap(), expected);
    assert!(store.has_embeddings().await.unwrap());
}
