//! Rooms under rooms, and messages as passages: parents, names, what a deletion takes with it, and
//! that no text of a message is among the passages.

use super::rooms::{message, room};
use super::world::{MODEL, at, owner, reader, vector};
use ragd::domain::{
    JobKind, JobPayload, JobState, Lane, LeasedJob, MessageId, Passage, PassageId, PassageSource,
    Role, Room, RoomId, RoomKind,
};
use ragd::error::ErrorKind;
use ragd::store::{
    ChangeOp, Claim, JobFilter, MESSAGE_GENERATION, MessageOutcome, MessagePlace, SealedMessage,
    Store, Subject,
};
use uuid::Uuid;

super::on_both_engines!(
    a_room_stands_under_its_owners_rooms_alone,
    a_main_room_has_its_name_for_itself,
    rooms_are_listed_with_their_messages_counted,
    whole_messages_of_persons_and_models_get_a_job,
    passages_of_a_message_hold_no_text,
    a_lost_lease_stores_no_passages,
    a_deletion_takes_everything_below_and_tells_the_indexes,
    a_deletion_wins_over_work_under_way,
    what_was_said_before_messages_were_passages_is_taken_up,
);

fn below(parent: &Room, kind: RoomKind) -> Room {
    let mut room = room("ann", None);
    (room.kind, room.parent) = (kind, Some(parent.id));
    room
}

async fn made(store: &Store, room: Room) -> Room {
    store.create_room(&room).await.unwrap();
    room
}

async fn said(store: &Store, room: &Room) -> SealedMessage {
    let said = message(room, Role::User, b"sealed");
    store
        .append_messages(room.id, room.owner, std::slice::from_ref(&said), at(3))
        .await
        .unwrap();
    said
}

async fn claimed(store: &Store) -> LeasedJob {
    let claim = Claim {
        holder: Uuid::from_u128(7),
        lane: Lane::HighPriority,
        limit: 1,
    };
    store.claim_jobs(claim, at(4)).await.unwrap().remove(0)
}

fn place(message: &SealedMessage) -> MessagePlace {
    MessagePlace {
        message: message.id,
        room: message.room,
        owner: message.owner,
    }
}

fn passages(message: &SealedMessage) -> Vec<Passage> {
    let passage = |ordinal| Passage {
        id: PassageId::of_message(message.id, ordinal),
        owner: message.owner,
        source: PassageSource::Message {
            message: message.id,
            room: message.room,
        },
        generation: MESSAGE_GENERATION,
        ordinal,
        content: format!("secret {ordinal}"),
        heading: String::new(),
        page: None,
        char_start: ordinal * 10,
        char_end: ordinal * 10 + 8,
        embedding: Some(vector(ordinal)),
        model: Some(MODEL.to_owned()),
        created_at: at(2),
    };
    vec![passage(0), passage(1)]
}

async fn remember(store: &Store, message: &SealedMessage) -> MessageOutcome {
    let job = claimed(store).await;
    assert_eq!(job.job.payload.subject(), Some(message.id.uuid()));
    let passages = passages(message);
    store
        .commit_message_of_job(place(message), &passages, job.lease, at(5))
        .await
        .unwrap()
}

async fn changes(store: &Store) -> Vec<(ChangeOp, Subject)> {
    let changes = store.changes_after(0, 99).await.unwrap();
    changes.iter().map(|one| (one.op, one.subject)).collect()
}

async fn a_room_stands_under_its_owners_rooms_alone(store: &Store) {
    let main = made(store, room("ann", None)).await;
    let sub = made(store, below(&main, RoomKind::Sub)).await;
    let review = made(store, below(&sub, RoomKind::Review)).await;
    let ann = owner("ann");
    assert_eq!(
        store.room_and_above(review.id, ann).await.unwrap(),
        [review.id, sub.id, main.id]
    );
    assert_eq!(store.room_and_above(main.id, ann).await.unwrap(), [main.id]);
    assert_eq!(
        store.room_and_above(sub.id, owner("bob")).await.unwrap(),
        []
    );
    let mut orphan = below(&main, RoomKind::Sub);
    orphan.parent = Some(RoomId::new(at(9)));
    let mut intruder = below(&main, RoomKind::Sub);
    intruder.owner = owner("bob");
    for room in [orphan, intruder] {
        let error = store.create_room(&room).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

async fn a_main_room_has_its_name_for_itself(store: &Store) {
    let first = made(store, room("ann", None)).await;
    let error = store.create_room(&room("ann", None)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().starts_with("name: "), "{error}");
    let found = store.main_room(owner("ann"), "A room").await.unwrap();
    assert_eq!(found.unwrap().id, first.id);
    // Another owner's room, and a sub room, may have it too.
    made(store, room("bob", None)).await;
    made(store, below(&first, RoomKind::Sub)).await;
    made(store, below(&first, RoomKind::Sub)).await;
    let mut second = room("ann", None);
    second.name = "Another".to_owned();
    let second = made(store, second).await;
    let ann = owner("ann");
    let error = store.rename_room(second.id, ann, "A room", at(4)).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Conflict);
    let theirs = store.rename_room(second.id, owner("bob"), "x", at(4));
    assert!(!theirs.await.unwrap());
    assert!(
        store
            .rename_room(second.id, ann, "Garden", at(4))
            .await
            .unwrap()
    );
    let renamed = store.room(second.id, ann).await.unwrap().unwrap();
    assert_eq!(
        (renamed.name.as_str(), renamed.updated_at),
        ("Garden", at(4))
    );
}

async fn rooms_are_listed_with_their_messages_counted(store: &Store) {
    let main = made(store, room("ann", None)).await;
    let sub = made(store, below(&main, RoomKind::Sub)).await;
    made(store, room("bob", None)).await;
    said(store, &sub).await;
    said(store, &sub).await;
    let page = ragd::domain::PageRequest::default();
    let all = store.list_rooms(owner("ann"), None, page).await.unwrap();
    let rooms = all.data.iter();
    let seen: Vec<_> = rooms.map(|one| (one.room.id, one.messages)).collect();
    assert_eq!(seen, [(sub.id, 2), (main.id, 0)]);
    assert!(!all.has_more);
    let mains = store.list_rooms(owner("ann"), Some(RoomKind::Main), page);
    assert_eq!(mains.await.unwrap().data.len(), 1);
    let one = ragd::domain::PageRequest { limit: 1, ..page };
    let first = store.list_rooms(owner("ann"), None, one).await.unwrap();
    assert!(first.has_more);
    let next = ragd::domain::PageRequest {
        after: first.data.last().map(|one| one.room.id.uuid()),
        ..one
    };
    let rest = store.list_rooms(owner("ann"), None, next).await.unwrap();
    assert_eq!(rest.data[0].room.id, main.id);
    let counted = store.counted_room(sub.id, owner("ann")).await.unwrap();
    assert_eq!(counted.unwrap().messages, 2);
    assert!(
        store
            .counted_room(sub.id, owner("bob"))
            .await
            .unwrap()
            .is_none()
    );
}

async fn whole_messages_of_persons_and_models_get_a_job(store: &Store) {
    let room = made(store, room("ann", None)).await;
    let asked = message(&room, Role::User, b"1");
    let answered = message(&room, Role::Assistant, b"2");
    let system = message(&room, Role::System, b"3");
    let mut broken = message(&room, Role::Assistant, b"4");
    broken.status = ragd::domain::MessageStatus::Incomplete;
    let turn = [asked.clone(), answered.clone(), system, broken];
    store
        .append_messages(room.id, room.owner, &turn, at(3))
        .await
        .unwrap();
    for expected in [asked.id, answered.id] {
        let job = claimed(store).await.job;
        assert_eq!(job.payload, JobPayload::Message(expected));
        assert_eq!(job.owner, room.owner);
    }
    let live = store.live_jobs(JobKind::Message).await.unwrap();
    assert_eq!(live, 2, "the two that are claimed, and no others");
}

async fn passages_of_a_message_hold_no_text(store: &Store) {
    let room = made(store, room("ann", None)).await;
    let said = said(store, &room).await;
    assert_eq!(remember(store, &said).await, MessageOutcome::Committed);
    let kept = store.message_passages(said.id, Some(MODEL)).await.unwrap();
    assert_eq!(kept.len(), 2);
    for (at, passage) in (0..).zip(&kept) {
        assert_eq!(
            (passage.content.as_str(), passage.heading.as_str()),
            ("", "")
        );
        assert_eq!(
            (passage.char_start, passage.char_end),
            (at * 10, at * 10 + 8)
        );
        assert_eq!(passage.embedding, Some(vector(at)));
    }
    assert_eq!(
        changes(store).await,
        [(ChangeOp::Upsert, Subject::Message(said.id))]
    );
    let ids: Vec<PassageId> = kept.iter().map(|passage| passage.id).collect();
    let everywhere = ragd::domain::ReadScope {
        owner: owner("bob"),
        collections: None,
    };
    let theirs = store.passages_by_ids(&ids, &everywhere).await.unwrap();
    assert!(theirs.is_empty(), "messages are their owner's");
    let mine = store.passages_by_ids(&ids, &reader("ann", &[])).await;
    assert_eq!(mine.unwrap().len(), 2);
    let sealed = store
        .sealed_contents(&[said.id, MessageId::new(at(9))])
        .await
        .unwrap();
    assert_eq!(sealed, [(said.id, b"sealed".to_vec())]);
    // The same text's hash says nothing of the text.
    let open = ragd::domain::Sha256::of(b"secret 0");
    assert_ne!(passages(&said)[0].text_hash(), open);
    let found = store.embeddings_by_hash(MODEL, &[open]).await.unwrap();
    assert!(found.is_empty());
}

async fn a_lost_lease_stores_no_passages(store: &Store) {
    let room = made(store, room("ann", None)).await;
    let said = said(store, &room).await;
    let mut lease = claimed(store).await.lease;
    lease.token = Uuid::from_u128(9);
    let outcome = store
        .commit_message_of_job(place(&said), &passages(&said), lease, at(5))
        .await
        .unwrap();
    assert_eq!(outcome, MessageOutcome::LeaseLost);
    assert!(
        store
            .message_passages(said.id, None)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(changes(store).await.is_empty());
}

async fn a_deletion_takes_everything_below_and_tells_the_indexes(store: &Store) {
    let main = made(store, room("ann", None)).await;
    let sub = made(store, below(&main, RoomKind::Sub)).await;
    let review = made(store, below(&sub, RoomKind::Review)).await;
    let mut other = room("ann", None);
    other.name = "Other".to_owned();
    let other = made(store, other).await;
    let mut gone = Vec::new();
    for room in [&main, &sub, &review] {
        let said = said(store, room).await;
        assert_eq!(remember(store, &said).await, MessageOutcome::Committed);
        gone.push(said.id);
    }
    let kept = said(store, &other).await;
    assert_eq!(remember(store, &kept).await, MessageOutcome::Committed);
    // One whose job waits still.
    said(store, &sub).await;
    let ann = owner("ann");
    assert!(
        !store
            .delete_room(main.id, owner("bob"), at(6))
            .await
            .unwrap()
    );
    assert!(store.delete_room(main.id, ann, at(6)).await.unwrap());
    assert!(!store.delete_room(main.id, ann, at(6)).await.unwrap());
    for room in [&main, &sub, &review] {
        assert!(store.room(room.id, ann).await.unwrap().is_none());
        let left = store.recent_messages(room.id, ann, 9).await.unwrap();
        assert!(left.is_empty());
    }
    assert_eq!(store.count_current_passages().await.unwrap(), 2);
    let mut forgotten: Vec<Subject> = changes(store).await[4..]
        .iter()
        .map(|(op, subject)| {
            assert_eq!(*op, ChangeOp::Delete);
            *subject
        })
        .collect();
    forgotten.sort_by_key(|subject| match subject {
        Subject::Message(id) => id.uuid(),
        Subject::Document(_) => Uuid::max(),
    });
    gone.sort();
    let gone: Vec<Subject> = gone.into_iter().map(Subject::Message).collect();
    assert_eq!(forgotten, gone);
    let cancelled = JobFilter {
        state: Some(JobState::Cancelled),
        ..JobFilter::default()
    };
    let page = ragd::domain::PageRequest::default();
    let cancelled = store.list_jobs(&cancelled, page).await.unwrap();
    assert_eq!(cancelled.data.len(), 1);
}

async fn a_deletion_wins_over_work_under_way(store: &Store) {
    let room = made(store, room("ann", None)).await;
    let said = said(store, &room).await;
    let job = claimed(store).await;
    assert!(store.delete_room(room.id, room.owner, at(5)).await.unwrap());
    let outcome = store
        .commit_message_of_job(place(&said), &passages(&said), job.lease, at(6))
        .await
        .unwrap();
    assert_eq!(outcome, MessageOutcome::Deleted);
    assert_eq!(store.count_current_passages().await.unwrap(), 0);
    assert!(changes(store).await.is_empty());
}

async fn what_was_said_before_messages_were_passages_is_taken_up(store: &Store) {
    let room = made(store, room("ann", None)).await;
    let said = said(store, &room).await;
    assert_eq!(remember(store, &said).await, MessageOutcome::Committed);
    // What an older ragd leaves: messages alone.
    store.migrate_down(4).await.unwrap();
    assert_eq!(store.count_current_passages().await.unwrap(), 0);
    assert_eq!(store.live_jobs(JobKind::Message).await.unwrap(), 0);
    store.migrate_up().await.unwrap();
    let claim = Claim {
        holder: Uuid::from_u128(7),
        lane: Lane::LowPriority,
        limit: 9,
    };
    let jobs = store.claim_jobs(claim, at(6)).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].job.payload.kind(), JobKind::Message);
    assert_eq!(jobs[0].job.payload.subject(), Some(said.id.uuid()));
    let passages = passages(&said);
    let outcome = store
        .commit_message_of_job(place(&said), &passages, jobs[0].lease, at(7))
        .await
        .unwrap();
    assert_eq!(outcome, MessageOutcome::Committed);
}
