//! Rankings and scores are those of the formulas, before and after an optimisation, for any question.

use super::super::corpus::{DIMENSION, Entry, Numbers, document, passage, points, room};
use super::super::reference::{assert_ranked, bm25, cosine};
use super::{ALL, AVERAGE, count, filled, find, ids, query, questions, words};
use ragd::domain::PassageId;
use ragd::index::{Candidates, Index, IndexFilter, Selector};
use std::collections::BTreeSet;

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
        .upsert(points([&herons, &boats]))
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
