//! What adding, replacing and deleting leave behind.

use super::super::corpus::{
    DIMENSION, Entry, Numbers, document, message, owner, passage, points, room,
};
use super::super::reference::{assert_ranked, bm25};
use super::{ALL, AVERAGE, count, filled, find, ids, ids_of, query, words};
use ragd::domain::{PassageSource, ReadScope};
use ragd::error::ErrorKind;
use ragd::index::{Index, IndexFilter, Selector, TermCounter};
use std::collections::BTreeSet;

pub async fn deletes_by_every_selector(index: &Index) {
    let mut left = filled(index).await;
    let some = left.iter().skip(100).take(3).map(|e| e.point.id).collect();
    let selectors = [
        Selector::Generation {
            document: document(4),
            generation: 1,
        },
        Selector::Document(document(7)),
        Selector::Message(message(8)),
        Selector::Room(room(3)),
        Selector::Passages(some),
    ];
    for selector in selectors {
        let before = left.len();
        left.retain(|entry| !selects(&selector, entry));
        assert!(left.len() < before, "{selector:?} selects something");
        for _ in 0..2 {
            index.delete(vec![selector.clone()]).await.expect("deleted");
            let vector = Numbers(2).vector(DIMENSION);
            let found = find(index, query("", Some(vector), IndexFilter::default())).await;
            assert_eq!(ids(&found.dense), ids_of(&left), "after {selector:?}");
            assert_eq!(count(index).await, left.len());
        }
    }
}

fn selects(selector: &Selector, entry: &Entry) -> bool {
    let point = &entry.point;
    match (selector, &point.source) {
        (Selector::Passages(ids), _) => ids.contains(&point.id),
        (Selector::Document(wanted), PassageSource::Document { document, .. }) => {
            document == wanted
        }
        (
            Selector::Generation {
                document: wanted,
                generation,
            },
            PassageSource::Document { document, .. },
        ) => document == wanted && point.generation == *generation,
        (Selector::Message(wanted), PassageSource::Message { message, .. }) => message == wanted,
        (Selector::Room(wanted), PassageSource::Message { room, .. }) => room == wanted,
        _ => false,
    }
}

pub async fn adding_twice_is_adding_once(index: &Index) {
    let corpus = filled(index).await;
    let vector = Numbers(4).vector(DIMENSION);
    let ask = || query("w1k w5k w70k", Some(vector.clone()), IndexFilter::default());
    let once = find(index, ask()).await;
    index.upsert(points(&corpus)).await.expect("added again");
    let twice = find(index, ask()).await;
    assert_ranked(&twice.lexical, &bm25(&corpus, "w1k w5k w70k", AVERAGE), ALL);
    assert_eq!(ids(&once.dense), ids(&twice.dense));
    assert_eq!(count(index).await, corpus.len());
}

pub async fn replaces_a_passage(index: &Index) {
    let mut entry = passage(1, 0, "pelican");
    index.upsert(points([&entry])).await.expect("added");
    entry.point.terms = TermCounter::new().expect("a counter").count("cormorant");
    entry.point.dense = None;
    entry.point.owner = owner(5);
    index.upsert(points([&entry])).await.expect("replaced");
    assert_eq!(words(index, "pelican").await, []);
    assert_eq!(words(index, "cormorant").await.len(), 1);
    let any = Numbers(1).vector(DIMENSION);
    let found = find(index, query("", Some(any), IndexFilter::default())).await;
    assert_eq!(found.dense, [], "the old vector is gone");
    let filter = IndexFilter {
        read: Some(ReadScope {
            owner: owner(0),
            collections: Some(vec![]),
        }),
        ..IndexFilter::default()
    };
    assert_eq!(index.count(filter).await.expect("a count"), 0);
}

pub async fn refuses_vectors_that_do_not_fit(index: &Index) {
    let good = passage(1, 0, "heron");
    let odd = [
        vec![1.0; DIMENSION - 1],
        vec![1.0; DIMENSION + 1],
        vec![],
        vec![f32::NAN; DIMENSION],
        vec![f32::INFINITY; DIMENSION],
    ];
    for vector in odd {
        let mut bad = passage(1, 1, "heron");
        bad.point.dense = Some(vector.clone());
        let added = index.upsert(points([&good, &bad])).await;
        assert_eq!(added.expect_err("refused").kind(), ErrorKind::Invalid);
        let question = query("heron", Some(vector), IndexFilter::default());
        let answer = index.search(question.clone()).await;
        assert_eq!(answer.expect_err("refused").kind(), ErrorKind::Invalid);
        let answer = index.score(question, vec![good.point.id]).await;
        assert_eq!(answer.expect_err("refused").kind(), ErrorKind::Invalid);
    }
    assert_eq!(count(index).await, 0, "a refused batch adds nothing");
}

pub async fn a_passage_without_a_vector_is_found_by_words(index: &Index) {
    let mut bare = passage(1, 0, "heron");
    bare.point.dense = None;
    let empty = passage(1, 1, "");
    index.upsert(points([&bare, &empty])).await.expect("added");
    let vector = Numbers(1).vector(DIMENSION);
    let ask = query("heron", Some(vector), IndexFilter::default());
    let found = find(index, ask.clone()).await;
    assert_eq!(ids(&found.lexical), BTreeSet::from([bare.point.id]));
    assert_eq!(ids(&found.dense), BTreeSet::from([empty.point.id]));
    let scores = index.score(ask, vec![bare.point.id]).await.expect("scores");
    assert!(scores[0].lexical > 0.0 && scores[0].dense.is_none());
}
