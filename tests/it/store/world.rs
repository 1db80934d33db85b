//! The objects that the tests put into a store, and the time they do it at.

use chrono::{DateTime, Duration, Utc};
use ragd::domain::{
    Collection, FileName, OwnerId, Passage, PassageId, PassageSource, ReadScope, Sha256,
};
use ragd::store::{Accepted, CommitOutcome, GenerationCommit, NewDocument, Store};

pub const MODEL: &str = "test-model@1";

/// Second number `second` of the tests' time, with microseconds that are not zero.
pub fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + second, 123_456_000).unwrap()
}

pub fn owner(name: &str) -> OwnerId {
    OwnerId::of_principal(name)
}

pub fn collection(name: &str) -> Collection {
    Collection::parse(name).unwrap()
}

/// What `name` may read: its own, and these collections.
pub fn reader(name: &str, collections: &[&str]) -> ReadScope {
    ReadScope {
        owner: owner(name),
        collections: Some(collections.iter().map(|name| collection(name)).collect()),
    }
}

/// Someone who may read everything.
pub fn everything() -> ReadScope {
    ReadScope {
        owner: OwnerId::system(),
        collections: None,
    }
}

/// A text by `author` in `shelf`, as it comes in.
pub fn new_document(author: &str, shelf: &str, uri: &str) -> NewDocument {
    NewDocument {
        owner: owner(author),
        collection: collection(shelf),
        uri: uri.to_owned(),
        filename: FileName::parse("file.txt").unwrap(),
        title: format!("Title of {uri}"),
        content_type: "text/plain".to_owned(),
        bytes: 12,
        sha256: Sha256::of(uri.as_bytes()),
        metadata: serde_json::json!({"uri": uri, "n": 1.5, "list": [true, null]}),
    }
}

/// A commit of `accepted` with one passage for each text, each with a vector.
pub fn commit_of(accepted: &Accepted, texts: &[&str]) -> GenerationCommit {
    let document = &accepted.document;
    let number = accepted.generation.number;
    let passage = |(ordinal, text): (i64, &&str)| Passage {
        id: PassageId::of_document(document.id, number, ordinal),
        owner: document.owner,
        source: PassageSource::Document {
            document: document.id,
            collection: document.collection.clone(),
        },
        generation: number,
        ordinal,
        content: (*text).to_owned(),
        heading: "Chapter › Part".to_owned(),
        page: Some(ordinal + 1),
        char_start: ordinal * 100,
        char_end: ordinal * 100 + 50,
        embedding: Some(vector(ordinal)),
        model: Some(MODEL.to_owned()),
        created_at: at(number),
    };
    GenerationCommit {
        generation: accepted.generation,
        title: format!("Committed {number}"),
        content_type: "text/markdown".to_owned(),
        bytes: 1_000 + number,
        sha256: Sha256::of(number.to_string().as_bytes()),
        fingerprint: format!("fingerprint {number}"),
        metadata: None,
        passages: (0..).zip(texts).map(passage).collect(),
        staged: 0,
    }
}

/// The same commit before a model was there.
pub fn without_vectors(mut commit: GenerationCommit) -> GenerationCommit {
    for passage in &mut commit.passages {
        (passage.embedding, passage.model) = (None, None);
    }
    commit
}

/// A vector in which every bit counts.
pub fn vector(seed: i64) -> Vec<f32> {
    vec![
        seed as f32 + 0.1,
        -1.0e-30,
        f32::MIN_POSITIVE / 2.0,
        1.0 / 3.0,
    ]
}

/// Accepts and commits a document with these texts.
pub async fn committed(store: &Store, new: &NewDocument, texts: &[&str]) -> Accepted {
    let accepted = store.accept(new, at(1)).await.unwrap();
    let outcome = store
        .commit_generation(&commit_of(&accepted, texts), at(2))
        .await;
    assert_eq!(outcome.unwrap(), CommitOutcome::Committed);
    accepted
}

/// The ids that [`commit_of`] gives `count` passages.
pub fn passage_ids(accepted: &Accepted, count: i64) -> Vec<PassageId> {
    let generation = accepted.generation;
    (0..count)
        .map(|ordinal| PassageId::of_document(generation.document, generation.number, ordinal))
        .collect()
}

/// `now` a little later.
pub fn after(now: DateTime<Utc>, microseconds: i64) -> DateTime<Utc> {
    now + Duration::microseconds(microseconds)
}
