//! The position in the change log, rebuilds, and searches while all that goes on.

use super::super::corpus::{DIMENSION, Entry, Numbers, document, passage, points};
use super::super::reference::{assert_ranked, bm25, cosine};
use super::super::space;
use super::{ALL, count, find, ids, ids_of, query, words};
use ragd::error::ErrorKind;
use ragd::index::{
    CODE_MISMATCH, CODE_MOVED, DEFAULT_AVERAGE_TERMS, Index, IndexFilter, QueryVector, Selector,
    VectorSpace,
};

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
    // Enough that every segment of every engine is large enough to be swept of deleted passages.
    let brief: Vec<Entry> = (0..299).map(|i| passage(3, i, "heron")).collect();
    index.upsert(points([&old])).await.expect("added");
    let before = index.commit(index.position(), 5).await.expect("moved");

    let rebuild = index
        .begin_rebuild(Some(space()), 2.0)
        .await
        .expect("begun");
    let second = index
        .begin_rebuild(Some(space()), 2.0)
        .await
        .expect_err("one at a time");
    assert_eq!(second.kind(), ErrorKind::Conflict);
    rebuild.upsert(points(&brief)).await.expect("added");
    rebuild.upsert(points([&new])).await.expect("added");
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
    assert_eq!(health.seen_average_terms, Some(301.0 / 300.0));
    assert_eq!(index.position().sequence, 5);
    // Changes that were applied to the old index must not count as applied to the new one.
    let late = index.commit(before, 6).await.expect_err("refused");
    assert_eq!(late.code(), CODE_MOVED);
    index
        .begin_rebuild(Some(space()), 2.0)
        .await
        .expect("the turn is free again");
}

pub async fn a_rebuild_for_another_model_refuses_the_old_ones_questions(index: &Index) {
    const WIDE: usize = DIMENSION * 2;
    let old = passage(1, 0, "heron");
    index.upsert(points([&old])).await.expect("added");
    let of = |model: &str, values| {
        let model = model.to_owned();
        let mut query = query("heron", None, IndexFilter::default());
        query.dense = Some(QueryVector { model, values });
        query
    };
    let (before, after) = (
        of("test-model@1", Numbers(1).vector(DIMENSION)),
        of("wide-model@1", Numbers(2).vector(WIDE)),
    );
    let refused = async |query: &ragd::index::Query| {
        let searched = index.search(query.clone()).await.expect_err("refused");
        let both = index.search_and_score(query.clone()).await;
        let scored = index.score(query.clone(), vec![old.point.id]).await;
        for error in [
            searched,
            both.expect_err("refused"),
            scored.expect_err("refused"),
        ] {
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::Conflict, CODE_MISMATCH)
            );
        }
    };
    refused(&after).await;

    let wide = Some(VectorSpace {
        model: "wide-model@1".to_owned(),
        dimension: WIDE,
    });
    let rebuild = index.begin_rebuild(wide, 2.0).await.expect("begun");
    let mut new = passage(1, 0, "heron");
    new.point.dense = Some(Numbers(3).vector(WIDE));
    let narrow = rebuild.upsert(points([&old])).await.expect_err("too short");
    assert_eq!(narrow.kind(), ErrorKind::Invalid);
    rebuild.upsert(points([&new])).await.expect("added");
    let vector = Numbers(1).vector(DIMENSION);
    let found = find(index, before.clone()).await;
    assert_ranked(
        &found.dense,
        &cosine(std::slice::from_ref(&old), &vector),
        ALL,
    );
    rebuild.commit(1).await.expect("switched");

    refused(&before).await;
    let found = find(index, after).await;
    assert_ranked(&found.dense, &cosine(&[new], &Numbers(2).vector(WIDE)), ALL);
    // Words alone are of no model.
    assert_eq!(ids(&words(index, "heron").await), ids_of(&[old]));
}

pub async fn an_abandoned_rebuild_leaves_no_trace(index: &Index) {
    let old = passage(1, 0, "heron");
    index.upsert(points([&old])).await.expect("added");
    let rebuild = index
        .begin_rebuild(Some(space()), 50.0)
        .await
        .expect("begun");
    rebuild
        .upsert(points([&passage(2, 0, "heron")]))
        .await
        .expect("added");
    drop(rebuild);
    assert_eq!(ids(&words(index, "heron").await), ids_of(&[old]));
    for odd in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let refused = index
            .begin_rebuild(Some(space()), odd)
            .await
            .expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
    }
    index
        .begin_rebuild(Some(space()), 50.0)
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
