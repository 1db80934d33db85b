//! Sessions in the store: taken up, refused and deleted, and their limits under concurrency.

use super::world::{at, owner};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use ragd::domain::{
    FeedbackId, JobPayload, Lane, Lease, MessageId, MessageStatus, NewJob, NicknameId, PageRequest,
    Role, Room, RoomId, SessionKey,
};
use ragd::error::ErrorKind;
use ragd::store::{
    ChangeOp, Claim, NewSession, NewSummary, SealedFeedback, SealedMessage, SessionCap,
    SessionCaps, SessionCleanup, SessionOutcome, SessionUse, Store, Subject,
};
use std::time::Duration;
use uuid::Uuid;

super::on_both_engines!(
    a_session_is_begun_once_and_expires,
    a_person_takes_up_its_own_conversation_only,
    sessions_at_once_are_limited,
    sessions_of_an_address_are_limited,
    questions_of_an_hour_are_limited,
    what_is_unused_is_deleted_with_its_messages_and_remembered,
    the_live_tail_is_the_newest_summary_and_what_follows,
    a_summary_is_added_under_its_lease_alone,
    feedback_is_one_an_answer,
    giving_space_back_loses_nothing,
);

const TTL: TimeDelta = TimeDelta::seconds(100);

fn wanted(author: &str, key: &str) -> SessionUse {
    SessionUse {
        owner: owner(author),
        key: SessionKey::parse(key).unwrap(),
        nickname: None,
        address: None,
        ttl: TTL,
        caps: SessionCaps::default(),
    }
}

async fn begin(store: &Store, author: &str, key: &str, now: DateTime<Utc>) -> Room {
    match store.use_session(&wanted(author, key), now).await.unwrap() {
        SessionOutcome::Begun(room) => room,
        other => panic!("{other:?}"),
    }
}

fn message(room: &Room, role: Role, now: DateTime<Utc>) -> SealedMessage {
    SealedMessage {
        id: MessageId::new(now),
        room: room.id,
        owner: room.owner,
        role,
        status: MessageStatus::Complete,
        content: vec![1],
        details: vec![2],
        created_at: now,
    }
}

async fn a_session_is_begun_once_and_expires(store: &Store) {
    let s = wanted("ann", "s");
    let uses = join_all((0..8).map(|_| store.use_session(&s, at(0)))).await;
    let mut begun = Vec::new();
    let mut rooms = Vec::new();
    for outcome in uses {
        match outcome.unwrap() {
            SessionOutcome::Begun(room) => {
                begun.push(room.id);
                rooms.push(room.id);
            }
            SessionOutcome::Found(room) => rooms.push(room.id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(begun.len(), 1);
    assert!(rooms.iter().all(|room| *room == begun[0]));
    begin(store, "bob", "s", at(0)).await;
    let later = |seconds| store.use_session(&s, at(seconds));
    assert!(matches!(later(99).await.unwrap(), SessionOutcome::Found(_)));
    assert!(matches!(
        later(198).await.unwrap(),
        SessionOutcome::Found(_)
    ));
    assert_eq!(store.session_counts(at(150)).await.unwrap(), (2, 1));
    assert!(matches!(later(298).await.unwrap(), SessionOutcome::Expired));
    // A message is a use as well.
    let room = store.room(begun[0], owner("ann")).await.unwrap().unwrap();
    let said = [message(&room, Role::User, at(290))];
    store
        .append_messages(room.id, room.owner, &said, at(290))
        .await
        .unwrap();
    assert!(matches!(
        later(389).await.unwrap(),
        SessionOutcome::Found(_)
    ));
}

async fn a_person_takes_up_its_own_conversation_only(store: &Store) {
    let ana = NicknameId::of(owner("ann"), "ana");
    let bob = NicknameId::of(owner("ann"), "bob");
    let id = RoomId::new(at(0));
    let key = SessionKey::parse(&id.to_string()).unwrap();
    let room = Room {
        id,
        owner: owner("ann"),
        name: "x".to_owned(),
        kind: ragd::domain::RoomKind::Session,
        parent: None,
        session_key: Some(key.clone()),
        created_at: at(0),
        updated_at: at(0),
    };
    let new = NewSession {
        room,
        nickname: Some(ana),
    };
    store.begin_session(&new, at(0)).await.unwrap();
    let error = store.begin_session(&new, at(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    for (nickname, found) in [(Some(ana), true), (Some(bob), false), (None, false)] {
        let mut named = wanted("ann", key.as_str());
        named.nickname = nickname;
        let outcome = store.use_session(&named, at(5_000)).await.unwrap();
        assert_eq!(matches!(outcome, SessionOutcome::Found(_)), found);
        assert_eq!(matches!(outcome, SessionOutcome::Unknown), !found);
    }
    // An unknown key begins nothing where there is a nickname.
    let mut unknown = wanted("ann", "unknown");
    unknown.nickname = Some(ana);
    let outcome = store.use_session(&unknown, at(1)).await.unwrap();
    assert!(matches!(outcome, SessionOutcome::Unknown));
    let page = PageRequest::default();
    let list = store.conversations(owner("ann"), ana, page).await.unwrap();
    assert_eq!(list.data.len(), 1);
    assert_eq!((list.data[0].0.id, list.data[0].1), (id, 0));
    let others = [(owner("ann"), bob), (owner("bob"), ana)];
    for (owner, nickname) in others {
        assert!(
            store
                .conversation(owner, nickname, id)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            store
                .conversations(owner, nickname, page)
                .await
                .unwrap()
                .data
                .is_empty()
        );
    }
}

/// How many of so many sessions are begun at once, and the cap that refuses the others.
async fn begun_of(
    store: &Store,
    uses: Vec<SessionUse>,
    now: DateTime<Utc>,
) -> (usize, Vec<(SessionCap, i64, Duration)>) {
    let outcomes = join_all(uses.iter().map(|wanted| store.use_session(wanted, now))).await;
    let mut begun = 0;
    let mut refused = Vec::new();
    for outcome in outcomes {
        match outcome.unwrap() {
            SessionOutcome::Begun(_) | SessionOutcome::Found(_) => begun += 1,
            SessionOutcome::Refused {
                cap,
                allowed,
                retry_after,
            } => refused.push((cap, allowed, retry_after)),
            other => panic!("{other:?}"),
        }
    }
    (begun, refused)
}

fn capped(name: String, caps: SessionCaps) -> SessionUse {
    SessionUse {
        caps,
        address: Some("192.0.2.1".to_owned()),
        ..wanted("ann", &name)
    }
}

async fn sessions_at_once_are_limited(store: &Store) {
    let caps = SessionCaps {
        sessions: 3,
        ..SessionCaps::default()
    };
    let uses = |from: usize| {
        (from..from + 10)
            .map(|n| capped(format!("s-{n}"), caps))
            .collect()
    };
    let (begun, refused) = begun_of(store, uses(0), at(0)).await;
    assert_eq!(begun, 3);
    let expected = (SessionCap::Sessions, 3, Duration::from_secs(100));
    assert_eq!(refused, vec![expected; 7]);
    // What has expired takes no place any more.
    assert_eq!(begun_of(store, uses(10), at(50)).await.0, 0);
    assert_eq!(begun_of(store, uses(20), at(100)).await.0, 3);
    // Who begins the same session at once takes one place, and none of them is refused.
    let same = vec![capped("same".to_owned(), caps); 8];
    assert_eq!(begun_of(store, same, at(300)).await.0, 8);
    assert_eq!(begun_of(store, uses(30), at(300)).await.0, 2);
}

async fn sessions_of_an_address_are_limited(store: &Store) {
    let caps = SessionCaps {
        sessions_of_address: 2,
        ..SessionCaps::default()
    };
    let uses = (0..6).map(|n| capped(format!("s-{n}"), caps)).collect();
    let (begun, refused) = begun_of(store, uses, at(0)).await;
    assert_eq!(begun, 2);
    assert_eq!(refused[0].0, SessionCap::SessionsOfAddress);
    let elsewhere = SessionUse {
        address: Some("192.0.2.2".to_owned()),
        ..capped("elsewhere".to_owned(), caps)
    };
    assert_eq!(begun_of(store, vec![elsewhere], at(0)).await.0, 1);
}

async fn questions_of_an_hour_are_limited(store: &Store) {
    let caps = SessionCaps {
        queries_per_hour: 4,
        ..SessionCaps::default()
    };
    // Every one begins afresh: that two begin it at once is the hard case.
    for n in 0..20 {
        let new = capped(format!("new-{n}"), caps);
        assert_eq!(begun_of(store, vec![new; 9], at(0)).await.0, 4);
    }
    let mut one = capped("s".to_owned(), caps);
    one.ttl = TimeDelta::days(1);
    let (answered, refused) = begun_of(store, vec![one.clone(); 9], at(0)).await;
    assert_eq!(answered, 4);
    let hour = Duration::from_secs(3_600);
    assert_eq!(refused, vec![(SessionCap::Queries, 4, hour); 5]);
    let (_, refused) = begun_of(store, vec![one.clone()], at(3_000)).await;
    assert_eq!(refused[0].2, Duration::from_secs(600));
    assert_eq!(begun_of(store, vec![one; 9], at(3_600)).await.0, 4);
}

async fn what_is_unused_is_deleted_with_its_messages_and_remembered(store: &Store) {
    let old = begin(store, "ann", "old", at(0)).await;
    let spoken = begin(store, "ann", "spoken", at(0)).await;
    let young = begin(store, "ann", "young", at(60)).await;
    let said = [
        message(&old, Role::User, at(1)),
        message(&old, Role::Assistant, at(1)),
    ];
    store
        .append_messages(old.id, old.owner, &said, at(1))
        .await
        .unwrap();
    let late = [message(&spoken, Role::User, at(70))];
    store
        .append_messages(spoken.id, spoken.owner, &late, at(70))
        .await
        .unwrap();
    let unused = store.unused_sessions(at(50), 10).await.unwrap();
    assert_eq!(unused.len(), 1);
    assert_eq!((unused[0].room.id, unused[0].messages), (old.id, 2));
    assert_eq!(unused[0].last_used_at, at(1));
    assert_eq!(store.messages_of_any_owner(old.id).await.unwrap(), said);

    let head = store.change_log_head().await.unwrap();
    let mut cleanup = SessionCleanup {
        unused_since: at(50),
        rooms: Some(vec![young.id, spoken.id]),
        limit: 10,
    };
    let delete =
        async |cleanup: &SessionCleanup| store.delete_session_rooms(cleanup, at(80)).await.unwrap();
    assert_eq!(delete(&cleanup).await, 0, "they were used");
    cleanup.rooms = None;
    assert_eq!(delete(&cleanup).await, 1);
    assert_eq!(delete(&cleanup).await, 0);
    assert!(store.room(old.id, old.owner).await.unwrap().is_none());
    let counts = store.admin_counts().await.unwrap();
    assert_eq!((counts.rooms, counts.messages), (2, 1));
    let changes = store.changes_after(head, 10).await.unwrap();
    let mut forgotten: Vec<Subject> = changes.iter().map(|change| change.subject).collect();
    assert!(changes.iter().all(|change| change.op == ChangeOp::Delete));
    let mut expected = said.map(|message| Subject::Message(message.id)).to_vec();
    let by_id = |subject: &Subject| match subject {
        Subject::Message(id) => id.uuid(),
        Subject::Document(id) => id.uuid(),
    };
    forgotten.sort_by_key(by_id);
    expected.sort_by_key(by_id);
    assert_eq!(forgotten, expected);

    let outcome = store
        .use_session(&wanted("ann", "old"), at(81))
        .await
        .unwrap();
    assert!(matches!(outcome, SessionOutcome::Deleted));
    // Another owner's key is another key.
    begin(store, "bob", "old", at(81)).await;
}

/// The lease of a job that a summary may be added under.
async fn lease(store: &Store, now: DateTime<Utc>) -> Lease {
    let job = NewJob {
        owner: owner("ann"),
        payload: JobPayload::Summary(RoomId::new(now)),
        lane: Lane::LowPriority,
        run_at: None,
        max_attempts: 3,
        dedupe_key: None,
    };
    store.enqueue(&job, now).await.unwrap();
    let claim = Claim {
        holder: Uuid::from_u128(1),
        lane: Lane::LowPriority,
        limit: 1,
    };
    store.claim_jobs(claim, now).await.unwrap().remove(0).lease
}

fn summary_of(room: &Room, said: &[SealedMessage], now: DateTime<Utc>) -> NewSummary {
    NewSummary {
        message: message(room, Role::System, now),
        from: said[0].id,
        to: said[said.len() - 1].id,
        count: said.len() as i64,
    }
}

async fn the_live_tail_is_the_newest_summary_and_what_follows(store: &Store) {
    let room = begin(store, "ann", "s", at(0)).await;
    let (id, ann) = (room.id, room.owner);
    let said: Vec<SealedMessage> = (1..7).map(|n| message(&room, Role::User, at(n))).collect();
    store.append_messages(id, ann, &said, at(7)).await.unwrap();
    assert_eq!(
        store.live_tail(id, ann, 4).await.unwrap().messages,
        said[2..]
    );
    let old = store.messages_to_sum_up(id, ann, at(4), 10).await.unwrap();
    assert_eq!(old, said[..3]);
    let nil = RoomId::from_uuid(Uuid::nil());
    let rooms = store.rooms_to_sum_up(at(4), nil, 10).await.unwrap();
    assert_eq!(rooms, [(id, ann)]);
    assert_eq!(store.rooms_to_sum_up(at(4), room.id, 10).await.unwrap(), []);

    let lease = lease(store, at(8)).await;
    let first = summary_of(&room, &old, at(8));
    assert!(store.add_summary(&first, lease, at(8)).await.unwrap());
    let tail = store.live_tail(id, ann, 10).await.unwrap();
    assert_eq!(tail.summary.as_ref(), Some(&first.message));
    assert_eq!(tail.messages, said[3..]);
    assert_eq!(store.rooms_to_sum_up(at(4), nil, 10).await.unwrap(), []);
    let rest = store
        .messages_to_sum_up(id, ann, at(100), 10)
        .await
        .unwrap();
    assert_eq!(rest, said[3..], "a summary is not summed up");
    let second = summary_of(&room, &rest, at(9));
    assert!(store.add_summary(&second, lease, at(9)).await.unwrap());
    let tail = store.live_tail(id, ann, 10).await.unwrap();
    assert_eq!(
        (tail.summary, tail.messages),
        (Some(second.message), vec![])
    );
    let all = store
        .recent_messages(room.id, room.owner, 100)
        .await
        .unwrap();
    assert_eq!(all.len(), 8, "the originals stay");
    let turns = store.turns(id, ann, 100).await.unwrap();
    assert_eq!(turns, said);
    assert_eq!(
        store.live_tail(room.id, owner("bob"), 10).await.unwrap(),
        Default::default()
    );
    let used = store.room(room.id, room.owner).await.unwrap().unwrap();
    assert_eq!(used.updated_at, at(7), "a summary is no use");
}

async fn a_summary_is_added_under_its_lease_alone(store: &Store) {
    let room = begin(store, "ann", "s", at(0)).await;
    let said = [message(&room, Role::User, at(1))];
    store
        .append_messages(room.id, room.owner, &said, at(1))
        .await
        .unwrap();
    let lease = lease(store, at(2)).await;
    let lost = Lease {
        token: Uuid::from_u128(9),
        ..lease
    };
    let new = summary_of(&room, &said, at(2));
    assert!(!store.add_summary(&new, lost, at(2)).await.unwrap());
    assert_eq!(store.admin_counts().await.unwrap().messages, 1);
    assert!(store.add_summary(&new, lease, at(2)).await.unwrap());
    let twice = summary_of(&room, &said, at(3));
    let error = store.add_summary(&twice, lease, at(3)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(store.admin_counts().await.unwrap().messages, 2);
}

async fn feedback_is_one_an_answer(store: &Store) {
    let room = begin(store, "ann", "s", at(0)).await;
    let said = [
        message(&room, Role::User, at(1)),
        message(&room, Role::Assistant, at(2)),
    ];
    store
        .append_messages(room.id, room.owner, &said, at(2))
        .await
        .unwrap();
    let key = SessionKey::parse("s").unwrap();
    let turn = store
        .answered_turn(said[1].id, room.owner, &key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (turn.question.as_ref(), &turn.answer),
        (Some(&said[0]), &said[1])
    );
    let other_key = SessionKey::parse("t").unwrap();
    for (id, who, key) in [
        (said[0].id, "ann", &key),
        (said[1].id, "bob", &key),
        (said[1].id, "ann", &other_key),
    ] {
        assert!(
            store
                .answered_turn(id, owner(who), key)
                .await
                .unwrap()
                .is_none()
        );
    }
    let feedback = |author: &str, second: i64, thumbs_up| SealedFeedback {
        id: FeedbackId::new(at(second)),
        owner: owner(author),
        message: said[1].id,
        thumbs_up,
        created_at: at(second),
        content: vec![second as u8],
    };
    let (first, second) = (feedback("ann", 3, true), feedback("ann", 4, false));
    store.put_feedback(&first).await.unwrap();
    store.put_feedback(&second).await.unwrap();
    store.put_feedback(&feedback("bob", 5, true)).await.unwrap();
    let list = store.list_feedback(PageRequest::default()).await.unwrap();
    assert_eq!(
        list.data,
        std::slice::from_ref(&second),
        "and nobody else's word takes its place"
    );
    // It outlives the room.
    let cleanup = SessionCleanup {
        unused_since: at(50),
        rooms: None,
        limit: 10,
    };
    assert_eq!(
        store.delete_session_rooms(&cleanup, at(60)).await.unwrap(),
        1
    );
    let list = store.list_feedback(PageRequest::default()).await.unwrap();
    assert_eq!(list.data, [second]);
}

async fn giving_space_back_loses_nothing(store: &Store) {
    let room = begin(store, "ann", "s", at(0)).await;
    let vacuumed = store.vacuum().await.unwrap();
    assert!(vacuumed.bytes_before > 0 && vacuumed.bytes_after > 0);
    assert!(store.room(room.id, room.owner).await.unwrap().is_some());
}
