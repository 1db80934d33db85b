//! Rooms and their messages are private to their owner, and messages keep their order.

use super::world::{at, owner};
use ragd::domain::{MessageId, MessageStatus, Role, Room, RoomId, RoomKind, SessionKey};
use ragd::error::ErrorKind;
use ragd::store::{SealedMessage, Store};

super::on_both_engines!(
    a_room_is_its_owners,
    a_session_has_one_room,
    messages_are_read_back_in_order,
    messages_go_into_a_room_of_their_own_or_nowhere,
);

pub(super) fn room(author: &str, key: Option<&str>) -> Room {
    Room {
        id: RoomId::new(at(1)),
        owner: owner(author),
        name: "A room".to_owned(),
        kind: if key.is_some() {
            RoomKind::Session
        } else {
            RoomKind::Main
        },
        parent: None,
        session_key: key.map(|key| SessionKey::parse(key).unwrap()),
        created_at: at(1),
        updated_at: at(1),
    }
}

pub(super) fn message(room: &Room, role: Role, content: &[u8]) -> SealedMessage {
    SealedMessage {
        id: MessageId::new(at(2)),
        room: room.id,
        owner: room.owner,
        role,
        status: MessageStatus::Complete,
        content: content.to_vec(),
        details: vec![0, 255, 0],
        created_at: at(2),
    }
}

async fn a_room_is_its_owners(store: &Store) {
    let main = room("ann", None);
    let mut sub = room("ann", None);
    (sub.kind, sub.parent) = (RoomKind::Sub, Some(main.id));
    store.create_room(&main).await.unwrap();
    store.create_room(&sub).await.unwrap();
    let found = store.room(sub.id, owner("ann")).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{sub:?}"));
    assert!(store.room(sub.id, owner("bob")).await.unwrap().is_none());
    assert!(
        store
            .room(RoomId::new(at(9)), owner("ann"))
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_session_has_one_room(store: &Store) {
    let key = SessionKey::parse("s-1").unwrap();
    let mine = room("ann", Some("s-1"));
    let theirs = room("bob", Some("s-1"));
    store.create_room(&mine).await.unwrap();
    store.create_room(&theirs).await.unwrap();
    let error = store
        .create_room(&room("ann", Some("s-1")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("session_id"), "{error}");
    let found = store
        .session_room(owner("ann"), &key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.id, mine.id);
    assert!(
        store
            .session_room(owner("eve"), &key)
            .await
            .unwrap()
            .is_none()
    );
    let other = SessionKey::parse("S-1").unwrap();
    assert!(
        store
            .session_room(owner("ann"), &other)
            .await
            .unwrap()
            .is_none()
    );
}

async fn messages_are_read_back_in_order(store: &Store) {
    let room = room("ann", Some("s"));
    store.create_room(&room).await.unwrap();
    let mut said = Vec::new();
    for turn in 0..3_u8 {
        let mut answer = message(&room, Role::Assistant, &[turn, 1]);
        answer.status = MessageStatus::Incomplete;
        let turn = [message(&room, Role::User, &[turn, 0]), answer];
        store
            .append_messages(room.id, room.owner, &turn, at(7))
            .await
            .unwrap();
        said.extend(turn);
    }
    // Ids of one moment are in the order in which they were made.
    said.sort_by_key(|message| message.id);
    assert_eq!(
        store
            .recent_messages(room.id, room.owner, 10)
            .await
            .unwrap(),
        said
    );
    assert_eq!(
        store.recent_messages(room.id, room.owner, 3).await.unwrap(),
        said[3..]
    );
    assert_eq!(
        store
            .recent_messages(room.id, owner("bob"), 10)
            .await
            .unwrap(),
        []
    );
    let used = store.room(room.id, room.owner).await.unwrap().unwrap();
    assert_eq!((used.created_at, used.updated_at), (at(1), at(7)));
}

async fn messages_go_into_a_room_of_their_own_or_nowhere(store: &Store) {
    let mine = room("ann", None);
    let theirs = room("bob", None);
    store.create_room(&mine).await.unwrap();
    store.create_room(&theirs).await.unwrap();
    let said = message(&mine, Role::User, b"x");

    let error = store
        .append_messages(RoomId::new(at(9)), owner("ann"), &[], at(3))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = store
        .append_messages(mine.id, owner("bob"), &[], at(3))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let wrong = [said.clone(), message(&theirs, Role::User, b"y")];
    let error = store
        .append_messages(mine.id, mine.owner, &wrong, at(3))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    let twice = [said.clone(), said.clone()];
    let error = store
        .append_messages(mine.id, mine.owner, &twice, at(3))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        store
            .recent_messages(mine.id, mine.owner, 10)
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        store
            .room(mine.id, mine.owner)
            .await
            .unwrap()
            .unwrap()
            .updated_at,
        at(1)
    );
}
