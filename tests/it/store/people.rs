//! Users, the audit trail, data keys, and what an administrator counts.

use super::world::{at, committed, new_document, owner};
use ragd::domain::{AuditRecord, AuditResult, OwnerId, PageRequest, Room, RoomId, RoomKind};
use ragd::error::ErrorKind;
use ragd::store::{AdminCounts, KeyringEntry, Store, User};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

super::on_both_engines!(
    an_administrator_is_made_once,
    tokens_end_when_they_should,
    the_audit_trail_is_read_in_pages,
    a_data_key_has_one_name,
    everything_is_counted,
);

async fn an_administrator_is_made_once(store: &Store) {
    let hash = SecretString::from("$argon2id$one");
    let made = store
        .upsert_admin("admin", "admin@example.com", &hash, at(1))
        .await
        .unwrap();
    let changed = SecretString::from("$argon2id$two");
    let again = store
        .upsert_admin("admin", "root@example.com", &changed, at(2))
        .await
        .unwrap();
    assert_eq!(again.id, made.id);
    assert_eq!(again.email, "root@example.com");
    assert!(
        again.token_version > made.token_version,
        "older tokens are over"
    );
    assert_eq!((again.created_at, again.updated_at), (at(1), at(2)));

    let found = store.user_by_name("admin").await.unwrap().unwrap();
    assert!(found.is_admin && !found.suspended);
    assert_eq!(found.password_hash.expose_secret(), "$argon2id$two");
    assert!(!format!("{found:?}").contains("argon2"));
    assert_eq!(
        store.user_by_id(made.id).await.unwrap().unwrap().username,
        "admin"
    );
    assert!(store.user_by_name("Admin").await.unwrap().is_none());
    assert!(
        store
            .user_by_name("admin' OR '1'='1")
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.user_by_id(owner("x")).await.unwrap().is_none());
}

async fn tokens_end_when_they_should(store: &Store) {
    let hash = SecretString::from("one");
    let user = store
        .upsert_admin("ann", "a@x", &hash, at(1))
        .await
        .unwrap();
    let now = async || -> User { store.user_by_id(user.id).await.unwrap().unwrap() };
    assert!(store.bump_token_version(user.id, at(2)).await.unwrap());
    assert_eq!(now().await.token_version, user.token_version + 1);
    assert!(
        store
            .set_password_hash(user.id, &SecretString::from("two"), at(3))
            .await
            .unwrap()
    );
    assert_eq!(now().await.token_version, user.token_version + 2);
    assert!(
        store
            .replace_password_hash(user.id, &SecretString::from("three"), at(4))
            .await
            .unwrap()
    );
    let last = now().await;
    assert_eq!(
        last.token_version,
        user.token_version + 2,
        "the same password: tokens stay"
    );
    assert_eq!(last.password_hash.expose_secret(), "three");
    assert_eq!(last.updated_at, at(4));
    let nobody: OwnerId = owner("nobody");
    assert!(!store.bump_token_version(nobody, at(5)).await.unwrap());
    assert!(!store.set_password_hash(nobody, &hash, at(5)).await.unwrap());
}

fn record(action: &str, second: i64) -> AuditRecord {
    AuditRecord {
        timestamp: at(second),
        action: action.to_owned(),
        user_id: Some("ann\0".to_owned()),
        details: json!({"reason": "a\u{0}b", "n": 1}),
        result: AuditResult::Failure,
        ip_address: Some("::1".to_owned()),
        request_id: None,
    }
}

async fn the_audit_trail_is_read_in_pages(store: &Store) {
    for (second, action) in (1..).zip(["one", "two", "three"]) {
        store.append_audit(&record(action, second)).await.unwrap();
    }
    let request = PageRequest {
        limit: 2,
        ..PageRequest::default()
    };
    let page = store.list_audit(request).await.unwrap();
    let actions: Vec<&str> = page
        .data
        .iter()
        .map(|(_, entry)| entry.action.as_str())
        .collect();
    assert_eq!((actions, page.has_more), (vec!["three", "two"], true));
    let (id, entry) = &page.data[1];
    assert_eq!(
        (entry.timestamp, entry.result),
        (at(2), AuditResult::Failure)
    );
    assert_eq!(
        entry.user_id.as_deref(),
        Some("ann\u{fffd}"),
        "no line is lost"
    );
    assert_eq!(entry.details, json!({"reason": "a\u{fffd}b", "n": 1}));
    assert_eq!(
        (entry.ip_address.as_deref(), &entry.request_id),
        (Some("::1"), &None)
    );
    let rest = PageRequest {
        after: Some(id.uuid()),
        ..request
    };
    let rest = store.list_audit(rest).await.unwrap();
    assert_eq!(
        (rest.data[0].1.action.as_str(), rest.has_more),
        ("one", false)
    );
}

async fn a_data_key_has_one_name(store: &Store) {
    let key = |name: &str, second| KeyringEntry {
        key_id: name.to_owned(),
        kek_id: "kek".to_owned(),
        wrapped_key: vec![0, 1, 2, 255],
        state: "active".to_owned(),
        created_at: at(second),
    };
    store.insert_key(&key("b", 1)).await.unwrap();
    store.insert_key(&key("a", 2)).await.unwrap();
    let error = store.insert_key(&key("a", 3)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("key_id"), "{error}");
    assert_eq!(store.list_keys().await.unwrap(), [key("b", 1), key("a", 2)]);
}

async fn everything_is_counted(store: &Store) {
    assert_eq!(store.admin_counts().await.unwrap(), AdminCounts::default());
    let indexed = committed(store, &new_document("ann", "p", "a"), &["1", "2"]).await;
    store.mark_indexed(indexed.generation, at(3)).await.unwrap();
    committed(store, &new_document("bob", "p", "b"), &["1"]).await;
    store
        .accept(&new_document("bob", "p", "c"), at(3))
        .await
        .unwrap();
    for uri in ["d", "e"] {
        let failed = store
            .accept(&new_document("bob", "p", uri), at(3))
            .await
            .unwrap();
        store.fail(failed.generation, "x: y", at(4)).await.unwrap();
    }
    let room = Room {
        id: RoomId::new(at(1)),
        owner: owner("ann"),
        name: String::new(),
        kind: RoomKind::Main,
        parent: None,
        session_key: None,
        created_at: at(1),
        updated_at: at(1),
    };
    store.create_room(&room).await.unwrap();
    let expected = AdminCounts {
        documents_queued: 1,
        documents_processing: 1,
        documents_indexed: 1,
        documents_failed: 2,
        passages: 3,
        rooms: 1,
        messages: 0,
    };
    assert_eq!(store.admin_counts().await.unwrap(), expected);
}
