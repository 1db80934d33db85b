//! What a caller may not see is not there, whichever way it asks.

use super::world::{at, committed, everything, new_document, owner, passage_ids, reader};
use ragd::domain::{OwnerId, PageRequest, PassageId, ReadScope};
use ragd::store::{DocumentFilter, Store, WriteScope};

super::on_both_engines!(
    a_scope_decides_what_is_read,
    a_passage_cannot_widen_access,
    only_its_owner_or_an_admin_deletes_a_document,
);

async fn a_scope_decides_what_is_read(store: &Store) {
    let mut all = Vec::new();
    for (author, shelf) in [
        ("ann", "default"),
        ("ann", "secret"),
        ("bob", "default"),
        ("bob", "b"),
    ] {
        let new = new_document(author, shelf, &format!("{author}/{shelf}"));
        all.push((author, shelf, committed(store, &new, &["text"]).await));
    }
    let scopes = [
        (everything(), vec![0, 1, 2, 3]),
        (reader("ann", &["default"]), vec![0, 1, 2]),
        (reader("bob", &["default", "secret"]), vec![0, 1, 2, 3]),
        (reader("bob", &["default"]), vec![0, 2, 3]),
        (reader("eve", &["default"]), vec![0, 2]),
        (reader("eve", &["default", "b"]), vec![0, 2, 3]),
        (reader("eve", &["defaul", "secret-", "DEFAULT"]), vec![]),
        (reader("eve", &[]), vec![]),
        (reader("ann", &[]), vec![0, 1]),
    ];
    let ids: Vec<PassageId> = all.iter().flat_map(|(_, _, a)| passage_ids(a, 1)).collect();
    for (scope, expected) in scopes {
        let documents = expected.iter().map(|i: &usize| all[*i].2.document.id);
        let documents: Vec<_> = documents.collect();
        assert_eq!(listed(store, &scope).await, documents, "{scope:?}");
        for (_, _, accepted) in &all {
            let id = accepted.document.id;
            let seen = store.document(id, &scope).await.unwrap().is_some();
            assert_eq!(seen, documents.contains(&id), "{scope:?}");
        }
        let passages = store.passages_by_ids(&ids, &scope).await.unwrap();
        let passages: Vec<PassageId> = passages.iter().map(|stored| stored.passage.id).collect();
        let expected: Vec<PassageId> = expected.iter().map(|i| ids[*i]).collect();
        assert_eq!(passages, expected, "{scope:?}");
    }
}

async fn listed(store: &Store, scope: &ReadScope) -> Vec<ragd::domain::DocumentId> {
    let all = DocumentFilter::default();
    let page = store
        .list_documents(scope, &all, PageRequest::default())
        .await
        .unwrap();
    let mut ids: Vec<_> = page.data.iter().map(|document| document.id).collect();
    ids.reverse();
    ids
}

async fn a_passage_cannot_widen_access(store: &Store) {
    let accepted = store
        .accept(&new_document("ann", "secret", "a"), at(1))
        .await
        .unwrap();
    let mut commit = super::world::commit_of(&accepted, &["text"]);
    commit.passages[0].owner = owner("eve");
    store.commit_generation(&commit, at(2)).await.unwrap();
    let ids = passage_ids(&accepted, 1);
    assert!(
        store
            .passages_by_ids(&ids, &reader("eve", &[]))
            .await
            .unwrap()
            .is_empty()
    );
    let stored = store
        .passages_by_ids(&ids, &reader("ann", &[]))
        .await
        .unwrap();
    assert_eq!(stored[0].passage.owner, owner("ann"));
}

async fn only_its_owner_or_an_admin_deletes_a_document(store: &Store) {
    let one = committed(store, &new_document("ann", "default", "a"), &["x"]).await;
    let two = committed(store, &new_document("ann", "default", "b"), &["x"]).await;
    let delete = async |id, scope| store.delete_document(id, scope, at(9)).await.unwrap();
    let head = store.change_log_head().await.unwrap();
    assert!(!delete(one.document.id, WriteScope::Owner(owner("eve"))).await);
    assert!(!delete(one.document.id, WriteScope::Owner(OwnerId::system())).await);
    assert_eq!(
        store.change_log_head().await.unwrap(),
        head,
        "nothing happened"
    );
    assert!(delete(one.document.id, WriteScope::Owner(owner("ann"))).await);
    assert!(
        !delete(one.document.id, WriteScope::Owner(owner("ann"))).await,
        "gone already"
    );
    assert!(delete(two.document.id, WriteScope::Everyone).await);
    assert_eq!(listed(store, &everything()).await, []);
}
