//! What every engine must do, as functions over an empty index whose vectors are of the corpus'
//! dimension and whose BM25 weights are made for the default average.

use super::corpus::{
    DIMENSION, Entry, Numbers, collection, corpus, document, message, owner, passage, points, room,
};
use super::reference::{assert_ranked, bm25, cosine, passes};
use ragd::domain::{PassageId, PassageKind, PassageSource, ReadScope};
use ragd::error::ErrorKind;
use ragd::index::{
    CODE_MOVED, Candidates, DEFAULT_AVERAGE_TERMS, Index, IndexFilter, Query, Scored, Selector,
    TermCounter,
};
use std::collections::BTreeSet;

/// More than the corpus has.
const ALL: usize = 1_000;
const AVERAGE: f64 = DEFAULT_AVERAGE_TERMS as f64;

fn query(text: &str, dense: Option<Vec<f32>>, filter: IndexFilter) -> Query {
    Query {
        terms: TermCounter::new().expect("a counter").count(text),
        dense,
        filter,
        lexical_limit: ALL,
        dense_limit: ALL,
    }
}

async fn find(index: &Index, query: Query) -> Candidates {
    index.search(query).await.expect("an answer")
}

async fn words(index: &Index, text: &str) -> Vec<Scored> {
    let query = query(text, None, IndexFilter::default());
    find(index, query).await.lexical
}

async fn filled(index: &Index) -> Vec<Entry> {
    let corpus = corpus();
    index.upsert(points(&corpus)).await.expect("added");
    corpus
}

async fn count(index: &Index) -> usize {
    let all = IndexFilter::default();
    index.count(all).await.expect("a count")
}

fn ids(found: &[Scored]) -> BTreeSet<PassageId> {
    found.iter().map(|found| found.id).collect()
}

/// Questions of one word, of several, and with a word twice.
fn questions() -> Vec<String> {
    let mut numbers = Numbers(99);
    let mut questions: Vec<String> = (1..12).map(|words| numbers.text(words)).collect();
    questions.push("w3k w3k w3k w40k".to_owned());
    questions
}

pub async fn ranks_by_words_like_bm25(index: &Index) {
    let corpus = filled(index).await;
    for question in questions() {
        for limit in [1, 10, ALL] {
            let mut query = query(&question, None, IndexFilter::default());
            query.lexical_limit = limit;
            let found = find(index, query).await;
            assert_ranked(&found.lexical, &bm25(&corpus, &question, AVERAGE), limit);
            assert!(found.dense.is_empty());
        }
    }
}

pub async fn ranks_by_meaning_like_the_cosine(index: &Index) {
    let corpus = filled(index).await;
    let mut numbers = Numbers(5);
    for limit in [1, 10, ALL] {
        let vector = numbers.vector(DIMENSION);
        let mut query = query("", Some(vector.clone()), IndexFilter::default());
        query.dense_limit = limit;
        let found = find(index, query).await;
        assert_ranked(&found.dense, &cosine(&corpus, &vector), limit);
        assert!(found.lexical.is_empty());
    }
}

pub async fn ranks_the_same_after_an_optimisation(index: &Index) {
    let corpus = filled(index).await;
    let extra: Vec<Entry> = (0..1_500).map(|i| passage(900, i, "elsewhere")).collect();
    index.upsert(points(&extra)).await.expect("added");
    let gone = vec![Selector::Document(document(900))];
    index.delete(gone).await.expect("deleted");
    index.optimize().await.expect("optimised");
    assert_eq!(count(index).await, corpus.len());
    let vector = Numbers(6).vector(DIMENSION);
    for question in questions() {
        let found = find(
            index,
            query(&question, Some(vector.clone()), IndexFilter::default()),
        );
        let found = found.await;
        assert_ranked(&found.lexical, &bm25(&corpus, &question, AVERAGE), ALL);
        assert_ranked(&found.dense, &cosine(&corpus, &vector), ALL);
    }
}

pub async fn finds_inflected_words_and_ignores_stop_words(index: &Index) {
    let herons = passage(1, 0, "The herons were fishing in the shallow rivers.");
    let boats = passage(1, 1, "A fisherman's boat, and of it the oars.");
    index
        .upsert(points(&[herons.clone(), boats.clone()]))
        .await
        .expect("added");
    let found = words(index, "Did a HERON fish the river?").await;
    assert_eq!(ids(&found), BTreeSet::from([herons.point.id]));
    assert_eq!(words(index, "and of the it").await, []);
    assert_eq!(words(index, "pelican").await, []);
}

pub async fn scores_both_sides_of_any_passage(index: &Index) {
    let corpus = filled(index).await;
    let vector = Numbers(8).vector(DIMENSION);
    let question = "w1k w9k w20k w33k w150k";
    let lexical = bm25(&corpus, question, AVERAGE);
    let dense = cosine(&corpus, &vector);
    let of = |list: &[(PassageId, f64)], id| list.iter().find(|(i, _)| *i == id).map(|(_, s)| *s);
    let near = |a: f32, b: f64| (f64::from(a) - b).abs() < 1e-4 * (1.0 + b.abs());
    let unknown = passage(77, 0, "").point.id;
    let mut asked: Vec<PassageId> = corpus.iter().step_by(3).map(|e| e.point.id).collect();
    asked.push(unknown);
    let query = query(question, Some(vector), IndexFilter::default());
    let scores = index.score(query, asked.clone()).await.expect("scores");
    assert_eq!(scores.iter().map(|s| s.id).collect::<Vec<_>>(), asked);
    for score in scores.iter().filter(|score| score.id != unknown) {
        assert!(near(score.lexical, of(&lexical, score.id).unwrap_or(0.0)));
        assert!(near(
            score.dense.expect("a cosine"),
            of(&dense, score.id).expect("one")
        ));
    }
    let last = scores.last().expect("the unknown one");
    assert_eq!((last.lexical, last.dense), (0.0, None));
}

pub async fn gives_every_candidate_both_scores(index: &Index) {
    let corpus = filled(index).await;
    let vector = Numbers(21).vector(DIMENSION);
    let limits = [
        (10, 10),
        (3, 40),
        (0, 10),
        (10, 0),
        (ALL, 5),
        (5, ALL),
        (0, 0),
    ];
    for (question, limits) in questions().iter().zip(limits.iter().cycle()) {
        let mut query = query(question, Some(vector.clone()), IndexFilter::default());
        (query.lexical_limit, query.dense_limit) = *limits;
        let found = index
            .search_and_score(query.clone())
            .await
            .expect("an answer");
        assert_eq!(found.candidates, find(index, query.clone()).await);
        let both = ids(&found.candidates.lexical)
            .union(&ids(&found.candidates.dense))
            .copied()
            .collect();
        let scored: Vec<PassageId> = found.scores.iter().map(|scores| scores.id).collect();
        assert_eq!(scored.iter().copied().collect::<BTreeSet<_>>(), both);
        assert_eq!(scored.len(), both.len(), "each once");
        let asked = index.score(query, scored).await.expect("scores");
        assert_eq!(found.scores, asked, "{question} {limits:?}");
    }
    let nothing = query("", None, IndexFilter::default());
    let found = index.search_and_score(nothing).await.expect("an answer");
    assert_eq!(found.scores, []);
    assert_eq!(count(index).await, corpus.len());
}

pub async fn filters_are_conditions_of_the_query(index: &Index) {
    let corpus = filled(index).await;
    let filters = every_filter();
    let (mut narrow, mut wide) = (0, 0);
    for filter in filters {
        let vector = Numbers(3).vector(DIMENSION);
        let allowed: Vec<Entry> = corpus
            .iter()
            .filter(|e| passes(e, &filter))
            .cloned()
            .collect();
        match allowed.len() {
            0 => narrow += 1,
            _ => wide += 1,
        }
        let mut query = query("w0k w1k w2k w3k", Some(vector.clone()), filter.clone());
        query.lexical_limit = 7;
        query.dense_limit = 7;
        let found = find(index, query).await;
        assert_ranked(&found.dense, &cosine(&allowed, &vector), 7);
        // Rarity is of the whole index, so the expected list is cut out of the unfiltered one.
        let mut lexical = bm25(&corpus, "w0k w1k w2k w3k", AVERAGE);
        lexical.retain(|(id, _)| allowed.iter().any(|e| e.point.id == *id));
        assert_ranked(&found.lexical, &lexical, 7);
        let counted = index.count(filter).await.expect("a count");
        assert_eq!(counted, allowed.len());
    }
    assert!(narrow > 20 && wide > 60, "{narrow} empty, {wide} not");
}

/// Every combination of a few values of each condition.
fn every_filter() -> Vec<IndexFilter> {
    let alpha = || Some(collection("alpha"));
    let scope = |collections| {
        Some(ReadScope {
            owner: owner(1),
            collections,
        })
    };
    let mut filters = Vec::new();
    for kind in [
        None,
        Some(PassageKind::Document),
        Some(PassageKind::Message),
    ] {
        for read in [
            None,
            scope(None),
            scope(Some(vec![])),
            scope(Some(vec![collection("beta"), collection("none")])),
        ] {
            for collection in [None, alpha()] {
                for document in [None, Some(document(4))] {
                    for rooms in [None, Some(vec![]), Some(vec![room(1), room(5)])] {
                        filters.push(IndexFilter {
                            kind,
                            read: read.clone(),
                            collection: collection.clone(),
                            document,
                            rooms,
                        });
                    }
                }
            }
        }
    }
    filters
}

pub async fn never_finds_what_the_caller_may_not_read(index: &Index) {
    let corpus = filled(index).await;
    let stranger = |collections| IndexFilter {
        read: Some(ReadScope {
            owner: owner(9),
            collections,
        }),
        ..IndexFilter::default()
    };
    let vector = Some(Numbers(1).vector(DIMENSION));
    let source = |id: &PassageId| {
        corpus
            .iter()
            .find(|e| e.point.id == *id)
            .map(|e| &e.point.source)
    };
    // Someone who owns nothing and may read every collection sees documents and no message.
    let found = find(index, query("w0k w1k", vector.clone(), stranger(None))).await;
    assert_eq!(found.dense.len(), 240);
    for id in ids(&found.dense).union(&ids(&found.lexical)) {
        assert!(matches!(source(id), Some(PassageSource::Document { .. })));
    }
    // A name that begins like another is another name.
    let prefix = Some(vec![collection("alph"), collection("alpha2")]);
    let found = find(index, query("w0k w1k", vector.clone(), stranger(prefix))).await;
    assert_eq!(found, Candidates::default());
    // Scores are no way around the filter.
    let everything = corpus.iter().map(|e| e.point.id).collect();
    let none = query("w0k w1k", vector, stranger(Some(vec![])));
    let scores = index.score(none, everything).await.expect("scores");
    assert!(scores.iter().all(|s| s.lexical == 0.0 && s.dense.is_none()));
}

pub async fn deletes_by_every_selector(index: &Index) {
    let mut left = filled(index).await;
    let of_document = |entry: &Entry, number| matches!(&entry.point.source, PassageSource::Document { document: d, .. } if *d == document(number));
    let some: Vec<PassageId> = left.iter().skip(100).take(3).map(|e| e.point.id).collect();
    let steps: Vec<(Selector, Box<dyn Fn(&Entry) -> bool + Send>)> = vec![
        (
            Selector::Generation {
                document: document(4),
                generation: 1,
            },
            Box::new(move |e| of_document(e, 4) && e.point.generation == 1),
        ),
        (
            Selector::Document(document(7)),
            Box::new(move |e| of_document(e, 7)),
        ),
        (
            Selector::Message(message(8)),
            Box::new(|e| e.point.id == PassageId::of_message(message(8), 0)),
        ),
        (
            Selector::Room(room(3)),
            Box::new(
                |e| matches!(&e.point.source, PassageSource::Message { room: r, .. } if *r == room(3)),
            ),
        ),
        (
            Selector::Passages(some.clone()),
            Box::new(move |e| some.contains(&e.point.id)),
        ),
    ];
    for (selector, selects) in steps {
        let before = left.len();
        left.retain(|entry| !selects(entry));
        assert!(left.len() < before, "{selector:?} selects something");
        for _ in 0..2 {
            index.delete(vec![selector.clone()]).await.expect("deleted");
            let vector = Numbers(2).vector(DIMENSION);
            let found = find(index, query("", Some(vector), IndexFilter::default())).await;
            let expected = left.iter().map(|e| e.point.id).collect();
            assert_eq!(ids(&found.dense), expected, "after {selector:?}");
            assert_eq!(count(index).await, left.len());
        }
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
    index.upsert(points(&[entry.clone()])).await.expect("added");
    entry.point.terms = TermCounter::new().expect("a counter").count("cormorant");
    entry.point.dense = None;
    entry.point.owner = owner(5);
    index
        .upsert(points(&[entry.clone()]))
        .await
        .expect("replaced");
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

pub async fn answers_every_odd_question(index: &Index) {
    let vector = Some(Numbers(1).vector(DIMENSION));
    let all = IndexFilter::default;
    let empty = find(index, query("w1k", vector.clone(), all())).await;
    assert_eq!(empty, Candidates::default(), "an empty index");
    assert_eq!(
        index
            .score(query("w1k", None, all()), vec![])
            .await
            .expect("none"),
        []
    );
    index
        .delete(vec![Selector::Room(room(1))])
        .await
        .expect("nothing to delete");
    index.upsert(vec![]).await.expect("nothing to add");

    let corpus = filled(index).await;
    for text in [
        "",
        "the of and",
        "?!… --",
        "\u{1f41f}",
        "x' OR '1'='1 {\"must\":[]}",
    ] {
        assert_eq!(words(index, text).await, [], "{text:?}");
    }
    let long: String = corpus
        .iter()
        .map(|e| e.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let long = &long[..8_000];
    assert_ranked(
        &words(index, long).await,
        &bm25(&corpus, long, AVERAGE),
        ALL,
    );

    let mut limits = query("w1k", vector, all());
    (limits.lexical_limit, limits.dense_limit) = (0, 3);
    let found = find(index, limits.clone()).await;
    assert_eq!((found.lexical.len(), found.dense.len()), (0, 3));
    (limits.lexical_limit, limits.dense_limit) = (usize::MAX, usize::MAX);
    let found = find(index, limits.clone()).await;
    assert_eq!(found.dense.len(), corpus.len());
    assert_eq!(found.lexical.len(), bm25(&corpus, "w1k", AVERAGE).len());
    (limits.lexical_limit, limits.dense_limit) = (0, 0);
    assert_eq!(find(index, limits).await, Candidates::default());
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
        let added = index.upsert(points(&[good.clone(), bad])).await;
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
    index
        .upsert(points(&[bare.clone(), empty.clone()]))
        .await
        .expect("added");
    let vector = Numbers(1).vector(DIMENSION);
    let ask = query("heron", Some(vector), IndexFilter::default());
    let found = find(index, ask.clone()).await;
    assert_eq!(ids(&found.lexical), BTreeSet::from([bare.point.id]));
    assert_eq!(ids(&found.dense), BTreeSet::from([empty.point.id]));
    let scores = index.score(ask, vec![bare.point.id]).await.expect("scores");
    assert!(scores[0].lexical > 0.0 && scores[0].dense.is_none());
}

pub async fn moves_its_position_only_from_where_it_stands(index: &Index) {
    let start = index.position();
    assert_eq!(start.sequence, 0);
    let moved = index.commit(start, 17).await.expect("moved");
    assert_eq!((moved.sequence, index.position()), (17, moved));
    let late = index.commit(start, 20).await.expect_err("refused");
    assert_eq!(
        (late.kind(), late.code()),
        (ErrorKind::Conflict, CODE_MOVED)
    );
    assert_eq!(index.health().await.expect("health").position, moved);
}

pub async fn a_rebuild_switches_at_once(index: &Index) {
    let old = passage(1, 0, "heron");
    let new = passage(2, 0, "heron pelican");
    let brief: Vec<Entry> = (0..99).map(|i| passage(3, i, "heron")).collect();
    index.upsert(points(&[old.clone()])).await.expect("added");
    let before = index.commit(index.position(), 5).await.expect("moved");

    let rebuild = index.begin_rebuild(2.0).await.expect("begun");
    let second = index.begin_rebuild(2.0).await.expect_err("one at a time");
    assert_eq!(second.kind(), ErrorKind::Conflict);
    rebuild.upsert(points(&brief)).await.expect("added");
    rebuild.upsert(points(&[new.clone()])).await.expect("added");
    let gone = vec![Selector::Document(document(3))];
    rebuild.delete(gone).await.expect("deleted");
    assert_eq!(ids(&words(index, "heron").await), ids_of(&[old]));
    let health = index.health().await.expect("health");
    assert_eq!(health.built_average_terms, DEFAULT_AVERAGE_TERMS);

    rebuild.commit(5).await.expect("switched");
    let expected = bm25(&[new], "heron", 2.0);
    assert_ranked(&words(index, "heron").await, &expected, ALL);
    let health = index.health().await.expect("health");
    assert_eq!((health.passages, health.built_average_terms), (1, 2.0));
    assert_eq!(health.seen_average_terms, Some(1.01));
    assert_eq!(index.position().sequence, 5);
    // Changes that were applied to the old index must not count as applied to the new one.
    let late = index.commit(before, 6).await.expect_err("refused");
    assert_eq!(late.code(), CODE_MOVED);
    index
        .begin_rebuild(2.0)
        .await
        .expect("the turn is free again");
}

pub async fn an_abandoned_rebuild_leaves_no_trace(index: &Index) {
    let old = passage(1, 0, "heron");
    index.upsert(points(&[old.clone()])).await.expect("added");
    let rebuild = index.begin_rebuild(50.0).await.expect("begun");
    rebuild
        .upsert(points(&[passage(2, 0, "heron")]))
        .await
        .expect("added");
    drop(rebuild);
    assert_eq!(
        ids(&words(index, "heron").await),
        BTreeSet::from([old.point.id])
    );
    for odd in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let refused = index.begin_rebuild(odd).await.expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
    }
    index
        .begin_rebuild(50.0)
        .await
        .expect("the turn is free again");
}

pub async fn searches_go_on_during_writes_and_optimisation(index: &Index) {
    let settled: Vec<Entry> = (0..50).map(|i| passage(1, i, "heron")).collect();
    index.upsert(points(&settled)).await.expect("added");
    let expected = ids_of(&settled);
    let writer = {
        let index = index.clone();
        tokio::spawn(async move {
            for round in 0..12 {
                let batch: Vec<Entry> = (0..250)
                    .map(|i| passage(100 + round, i, "pelican"))
                    .collect();
                index.upsert(points(&batch)).await.expect("added");
                if round % 2 == 1 {
                    let gone = vec![Selector::Document(document(100 + round))];
                    index.delete(gone).await.expect("deleted");
                }
                index.optimize_soon();
                let from = index.position();
                index.commit(from, from.sequence + 1).await.expect("moved");
            }
            index.optimize().await.expect("optimised");
        })
    };
    let mut searches = 0;
    while !writer.is_finished() || searches < 100 {
        let vector = Numbers(searches).vector(DIMENSION);
        let found = find(index, query("heron", Some(vector), IndexFilter::default())).await;
        assert_eq!(ids(&found.lexical), expected);
        assert!(found.dense.len() >= settled.len());
        searches += 1;
    }
    writer.await.expect("the writer ends well");
    assert_eq!(count(index).await, 50 + 6 * 250);
    assert_eq!(index.position().sequence, 12);
}

fn ids_of(entries: &[Entry]) -> BTreeSet<PassageId> {
    entries.iter().map(|entry| entry.point.id).collect()
}
