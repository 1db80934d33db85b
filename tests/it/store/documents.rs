//! Documents come in, are found, listed in pages, and move through their states.

use super::world::{at, collection, committed, everything, new_document, owner};
use ragd::domain::{DocumentId, DocumentStatus, JobKind, JobState, Order, PageRequest, Sha256};
use ragd::error::ErrorKind;
use ragd::store::{DocumentFilter, Generation, NewDocument, Store, WriteScope};
use serde_json::json;
use uuid::Uuid;

super::on_both_engines!(
    a_new_document_is_stored_as_it_came,
    the_same_source_is_taken_over,
    a_served_version_stays_until_the_next_is_committed,
    a_status_speaks_of_the_newest_generation,
    a_failure_is_shown_and_forgotten_on_the_next_try,
    what_is_unfinished_is_found_again,
    pages_follow_each_other_in_both_directions,
    a_list_is_filtered,
    what_one_engine_could_not_keep_is_refused,
);

async fn status(store: &Store, id: DocumentId) -> DocumentStatus {
    store
        .document(id, &everything())
        .await
        .unwrap()
        .unwrap()
        .status
}

async fn a_new_document_is_stored_as_it_came(store: &Store) {
    let new = new_document("ann", "papers", "folder/ü x.txt");
    let accepted = store.accept(&new, at(5)).await.unwrap();
    assert_eq!(accepted.generation.number, 1);

    let found = store
        .find_by_source(owner("ann"), &collection("papers"), "folder/ü x.txt")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, accepted.document.id);
    assert_eq!(found.owner, owner("ann"));
    assert_eq!(found.title, new.title);
    assert_eq!(found.filename, "file.txt");
    assert_eq!(found.sha256, new.sha256);
    assert_eq!(found.metadata, new.metadata);
    assert_eq!(found.status, DocumentStatus::Queued);
    assert_eq!((found.current_generation, found.passages), (0, 0));
    assert_eq!((found.error, found.fingerprint), (None, None));
    assert_eq!((found.created_at, found.updated_at), (at(5), at(5)));

    for (author, shelf, uri) in [
        ("bob", "papers", "folder/ü x.txt"),
        ("ann", "other", "folder/ü x.txt"),
        ("ann", "papers", "folder/ü"),
    ] {
        let other = store
            .find_by_source(owner(author), &collection(shelf), uri)
            .await;
        assert!(other.unwrap().is_none(), "{author} {shelf} {uri}");
    }
}

async fn the_same_source_is_taken_over(store: &Store) {
    let first = store
        .accept(&new_document("ann", "papers", "a"), at(1))
        .await
        .unwrap();
    let newer = NewDocument {
        sha256: Sha256::of(b"newer"),
        title: "Newer".to_owned(),
        metadata: json!({"v": 2}),
        ..new_document("ann", "papers", "a")
    };
    let second = store.accept(&newer, at(2)).await.unwrap();
    assert_eq!(second.document.id, first.document.id);
    assert_eq!(second.generation.number, 2);
    // Nothing is served yet, so the row describes what is being made.
    assert_eq!(second.document.sha256, Sha256::of(b"newer"));
    assert_eq!(second.document.title, "Newer");
    assert_eq!(second.document.metadata, json!({"v": 2}));
    assert_eq!(
        (second.document.created_at, second.document.updated_at),
        (at(1), at(2))
    );
}

async fn a_served_version_stays_until_the_next_is_committed(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let first = committed(store, &new, &["one", "two"]).await;
    let newer = NewDocument {
        sha256: Sha256::of(b"newer"),
        metadata: json!({"v": 2}),
        ..new.clone()
    };
    let second = store.accept(&newer, at(3)).await.unwrap();
    assert_eq!(second.document.title, "Committed 1");
    assert_eq!(second.document.sha256, Sha256::of(b"1"));
    assert_eq!(second.document.metadata, new.metadata);
    assert_eq!(second.document.current_generation, 1);
    assert_eq!(second.document.passages, 2);
    assert_eq!(second.document.status, DocumentStatus::Queued);

    let again = store
        .accept_again(first.document.id, None, at(4))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again.accepted.generation.number, 3);
    let missing = DocumentId::new(at(1));
    let missing = store.accept_again(missing, None, at(4)).await;
    assert!(missing.unwrap().is_none());
}

async fn a_status_speaks_of_the_newest_generation(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let first = store.accept(&new, at(1)).await.unwrap();
    let id = first.document.id;
    assert!(
        store
            .mark_processing(first.generation, at(2))
            .await
            .unwrap()
    );
    assert_eq!(status(store, id).await, DocumentStatus::Processing);
    assert!(
        !store.mark_indexed(first.generation, at(2)).await.unwrap(),
        "not committed yet"
    );

    let second = store.accept(&new, at(3)).await.unwrap();
    assert!(
        store
            .mark_processing(first.generation, at(4))
            .await
            .unwrap(),
        "still of use"
    );
    assert_eq!(status(store, id).await, DocumentStatus::Queued);
    assert!(
        !store
            .fail(first.generation, "old: of no interest", at(4))
            .await
            .unwrap()
    );
    assert_eq!(status(store, id).await, DocumentStatus::Queued);

    let commit = super::world::commit_of(&second, &["x"]);
    store.commit_generation(&commit, at(5)).await.unwrap();
    assert_eq!(status(store, id).await, DocumentStatus::Processing);
    assert!(
        !store
            .mark_processing(first.generation, at(6))
            .await
            .unwrap(),
        "superseded"
    );
    assert!(
        !store.mark_indexed(first.generation, at(6)).await.unwrap(),
        "superseded"
    );
    assert!(store.mark_indexed(second.generation, at(6)).await.unwrap());
    assert_eq!(status(store, id).await, DocumentStatus::Indexed);
    assert!(
        !store.mark_indexed(second.generation, at(7)).await.unwrap(),
        "marked already"
    );

    store
        .delete_document(id, WriteScope::Everyone, at(8))
        .await
        .unwrap();
    assert!(
        !store
            .mark_processing(second.generation, at(9))
            .await
            .unwrap(),
        "deleted"
    );
    assert!(
        !store.fail(second.generation, "x: y", at(9)).await.unwrap(),
        "deleted"
    );
}

async fn a_failure_is_shown_and_forgotten_on_the_next_try(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let first = committed(store, &new, &["one"]).await;
    let second = store.accept(&new, at(3)).await.unwrap();
    assert!(
        store
            .fail(second.generation, "needs_ocr: no text", at(4))
            .await
            .unwrap()
    );

    let failed = store
        .document(first.document.id, &everything())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(failed.status, DocumentStatus::Failed);
    assert_eq!(failed.error.as_deref(), Some("needs_ocr: no text"));
    assert_eq!(
        (failed.current_generation, failed.passages),
        (1, 1),
        "still served"
    );

    assert!(
        store
            .mark_processing(second.generation, at(5))
            .await
            .unwrap(),
        "tried again"
    );
    let tried = store
        .document(first.document.id, &everything())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (tried.status, tried.error),
        (DocumentStatus::Processing, None)
    );
    store.fail(second.generation, "x: y", at(6)).await.unwrap();
    let third = store.accept(&new, at(7)).await.unwrap();
    assert_eq!(
        (third.document.status, third.document.error),
        (DocumentStatus::Queued, None)
    );
}

async fn what_is_unfinished_is_found_again(store: &Store) {
    let queued = store
        .accept(&new_document("ann", "p", "queued"), at(1))
        .await
        .unwrap();
    let begun = store
        .accept(&new_document("bob", "q", "begun"), at(2))
        .await
        .unwrap();
    store
        .mark_processing(begun.generation, at(2))
        .await
        .unwrap();
    let failed = store
        .accept(&new_document("ann", "p", "failed"), at(3))
        .await
        .unwrap();
    store.fail(failed.generation, "x: y", at(3)).await.unwrap();
    // Committed, and only waiting for the index: nothing to do for an ingest.
    committed(store, &new_document("ann", "p", "committed"), &["x"]).await;
    let anew = committed(store, &new_document("ann", "p", "anew"), &["x"]).await;
    let anew = store
        .accept_again(anew.document.id, None, at(4))
        .await
        .unwrap()
        .unwrap();
    let waits = store.job(anew.job, None).await.unwrap().unwrap();
    assert_eq!(
        (waits.state, waits.payload.subject()),
        (JobState::Ready, Some(anew.accepted.document.id.uuid()))
    );

    let unfinished = store.unfinished_documents().await.unwrap();
    let found: Vec<Generation> = unfinished
        .iter()
        .map(|accepted| accepted.generation)
        .collect();
    // The third has its job already.
    let mut expected = vec![queued.generation, begun.generation];
    expected.sort_by_key(|generation| generation.document);
    assert_eq!(found, expected);
    assert_eq!(store.enqueue_orphans(at(5)).await.unwrap(), 2);
    assert_eq!(store.enqueue_orphans(at(6)).await.unwrap(), 0);
    assert_eq!(store.live_jobs(JobKind::Ingest).await.unwrap(), 3);
}

async fn pages_follow_each_other_in_both_directions(store: &Store) {
    let mut ids = Vec::new();
    for second in 0..7 {
        let new = new_document("ann", "papers", &format!("{second}"));
        ids.push(
            store
                .accept(&new, at(second))
                .await
                .unwrap()
                .document
                .id
                .uuid(),
        );
    }
    let page = async |limit, after: Option<Uuid>, before: Option<Uuid>, order| {
        let request = PageRequest {
            limit,
            after,
            before,
            order,
        };
        let all = DocumentFilter::default();
        let page = store
            .list_documents(&everything(), &all, request)
            .await
            .unwrap();
        let ids: Vec<Uuid> = page
            .data
            .iter()
            .map(|document| document.id.uuid())
            .collect();
        (ids, page.has_more)
    };
    let down: Vec<Uuid> = ids.iter().rev().copied().collect();
    for (order, list) in [(Order::Ascending, &ids), (Order::Descending, &down)] {
        assert_eq!(page(3, None, None, order).await, (list[..3].to_vec(), true));
        assert_eq!(
            page(3, Some(list[2]), None, order).await,
            (list[3..6].to_vec(), true)
        );
        assert_eq!(
            page(3, Some(list[5]), None, order).await,
            (list[6..].to_vec(), false)
        );
        assert_eq!(page(7, None, None, order).await, (list.to_vec(), false));
        assert_eq!(
            page(2, None, Some(list[4]), order).await,
            (list[2..4].to_vec(), true)
        );
        assert_eq!(
            page(4, None, Some(list[4]), order).await,
            (list[..4].to_vec(), false)
        );
        assert_eq!(
            page(9, Some(list[1]), Some(list[4]), order).await,
            (list[2..4].to_vec(), false)
        );
        assert_eq!(page(9, Some(list[6]), None, order).await, (vec![], false));
    }
}

async fn a_list_is_filtered(store: &Store) {
    let a = store
        .accept(&new_document("ann", "papers", "a"), at(1))
        .await
        .unwrap();
    let b = store
        .accept(&new_document("ann", "notes", "b"), at(2))
        .await
        .unwrap();
    store.fail(b.generation, "x: y", at(3)).await.unwrap();
    let list = async |status, shelf: Option<&str>| {
        let filter = DocumentFilter {
            status,
            collection: shelf.map(collection),
        };
        let page = store
            .list_documents(&everything(), &filter, PageRequest::default())
            .await;
        page.unwrap()
            .data
            .iter()
            .map(|document| document.id)
            .collect::<Vec<_>>()
    };
    let (a, b) = (a.document.id, b.document.id);
    assert_eq!(list(None, None).await, [b, a]);
    assert_eq!(list(Some(DocumentStatus::Failed), None).await, [b]);
    assert_eq!(list(None, Some("papers")).await, [a]);
    assert_eq!(list(Some(DocumentStatus::Failed), Some("papers")).await, []);
}

async fn what_one_engine_could_not_keep_is_refused(store: &Store) {
    let new = new_document("ann", "papers", "a");
    let refused = [
        NewDocument {
            uri: "x".repeat(NewDocument::MAX_URI_BYTES + 1),
            ..new.clone()
        },
        NewDocument {
            uri: "a\0b".to_owned(),
            ..new.clone()
        },
        NewDocument {
            title: "a\0b".to_owned(),
            ..new.clone()
        },
        NewDocument {
            metadata: json!({"deep": [{"a": "\0"}]}),
            ..new.clone()
        },
        NewDocument {
            metadata: json!({"\0": 1}),
            ..new.clone()
        },
    ];
    for document in refused {
        let error = store.accept(&document, at(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{document:?}");
    }
    // The longest that is accepted, of bytes that no compression makes shorter.
    let mut uri = String::new();
    while uri.len() < NewDocument::MAX_URI_BYTES {
        uri.push_str(&Sha256::of(uri.as_bytes()).to_hex());
    }
    uri.truncate(NewDocument::MAX_URI_BYTES);
    store
        .accept(&NewDocument { uri, ..new }, at(1))
        .await
        .unwrap();
}
