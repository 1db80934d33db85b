//! The embedded index's folder: what survives, what is refused, and what an error tells to do.

use super::corpus::{DIMENSION, Numbers, corpus, passage, points};
use super::{asked, open, settings, space as corpus_space};
use ragd::error::{Error, ErrorKind};
use ragd::index::{
    CODE_CORRUPT, CODE_MISMATCH, Candidates, Index, IndexFilter, Query, TermCounter, VectorSpace,
};
use std::fs;
use std::path::{Path, PathBuf};

async fn answer(index: &Index, dense: bool) -> Candidates {
    let query = Query {
        terms: TermCounter::new().expect("a counter").count("w1k w7k w30k"),
        dense: dense.then(|| asked(Numbers(1).vector(DIMENSION))),
        filter: IndexFilter::default(),
        lexical_limit: 40,
        dense_limit: 40,
    };
    index.search(query).await.expect("an answer")
}

/// The one build in `folder`.
fn build(folder: &Path) -> PathBuf {
    let names = fs::read_dir(folder).expect("a folder");
    let mut builds = names
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir());
    let build = builds.next().expect("a build");
    assert_eq!(builds.next(), None, "one build is left");
    build
}

fn assert_names_the_way_out(error: &Error, code: &str) {
    assert_eq!(error.code(), code, "{}", error.chain());
    assert!(
        error.to_string().contains("`ragd index rebuild`"),
        "{error}"
    );
}

#[tokio::test]
async fn everything_is_there_when_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = open(folder.path()).await;
    index.upsert(points(&corpus())).await.expect("added");
    let stood = index.commit(index.position(), 42).await.expect("moved");
    let before = answer(&index, true).await;
    index.close().await;

    let index = open(folder.path()).await;
    assert_eq!(answer(&index, true).await, before);
    assert_eq!(index.position(), stood);
    let health = index.health().await.expect("health");
    assert!(health.seen_average_terms.is_some_and(|terms| terms > 5.0));
}

#[tokio::test]
async fn a_deleted_folder_is_a_new_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vectors");
    let index = open(&path).await;
    index.upsert(points(&corpus())).await.expect("added");
    index.commit(index.position(), 42).await.expect("moved");
    index.close().await;
    fs::remove_dir_all(&path).expect("deleted");
    let index = open(&path).await;
    assert_eq!(index.position().sequence, 0);
    assert_eq!(answer(&index, true).await, Candidates::default());
}

#[tokio::test]
async fn a_second_open_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path()).await;
    let opened = Index::open(settings(folder.path())).await;
    assert_eq!(opened.expect_err("refused").kind(), ErrorKind::Conflict);
    let made = Index::recreate(settings(folder.path()), 100.0).await;
    assert_eq!(made.expect_err("refused").kind(), ErrorKind::Conflict);
    let clone = first.clone();
    first.close().await;
    let opened = Index::open(settings(folder.path())).await;
    assert_eq!(
        opened.expect_err("a clone holds it").kind(),
        ErrorKind::Conflict
    );
    clone.close().await;
    open(folder.path()).await;
}

#[tokio::test]
async fn another_model_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path()).await.close().await;
    let space = |model: &str, dimension| {
        let model = model.to_owned();
        Some(VectorSpace { model, dimension })
    };
    for other in [
        None,
        space("test-model@2", DIMENSION),
        space("test-model@1", DIMENSION + 1),
    ] {
        let mut other_settings = settings(folder.path());
        other_settings.space = other;
        let refused = Index::open(other_settings.clone())
            .await
            .expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert_names_the_way_out(&refused, CODE_MISMATCH);
        Index::recreate(other_settings, 80.0)
            .await
            .expect("made anew")
            .close()
            .await;
        Index::recreate(settings(folder.path()), 80.0)
            .await
            .expect("and back")
            .close()
            .await;
    }
}

#[tokio::test]
async fn without_a_model_words_are_searched() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = settings(folder.path());
    settings.space = None;
    let index = Index::open(settings.clone()).await.expect("opened");
    let refused = index
        .upsert(points(&corpus()))
        .await
        .expect_err("vectors are refused");
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let mut bare = points(&corpus());
    bare.iter_mut().for_each(|point| point.dense = None);
    index.upsert(bare).await.expect("added");
    index.commit(index.position(), 1).await.expect("moved");
    let before = answer(&index, false).await;
    assert_eq!(before.lexical.len(), 40);
    index.optimize().await.expect("optimised");
    index.close().await;
    let index = Index::open(settings).await.expect("opened again");
    assert_eq!(answer(&index, false).await, before);
}

#[tokio::test]
async fn what_cannot_be_read_says_so_and_can_be_made_anew() {
    let damages: [fn(&Path); 7] = [
        |folder| fs::write(folder.join("current"), "seven").expect("written"),
        |folder| fs::write(folder.join("current"), "77").expect("written"),
        |folder| fs::write(build(folder).join("meta.json"), "{").expect("written"),
        |folder| fs::remove_file(build(folder).join("meta.json")).expect("deleted"),
        |folder| fs::write(build(folder).join("progress.json"), "[]").expect("written"),
        |folder| fs::remove_dir_all(build(folder).join("shard")).expect("deleted"),
        |folder| {
            let config = build(folder).join("shard/edge_config.json");
            fs::write(config, "no").expect("written");
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        let index = open(folder.path()).await;
        index.upsert(points(&corpus())).await.expect("added");
        index.commit(index.position(), 3).await.expect("moved");
        index.close().await;
        damage(folder.path());
        let opened = Index::open(settings(folder.path())).await;
        let error = opened
            .err()
            .unwrap_or_else(|| panic!("damage {number} is seen"));
        assert_names_the_way_out(&error, CODE_CORRUPT);
        let index = Index::recreate(settings(folder.path()), 80.0)
            .await
            .expect("made anew");
        assert_eq!(index.position().sequence, 0);
        index.upsert(points(&corpus())).await.expect("added");
        index.close().await;
        build(folder.path());
        let index = open(folder.path()).await;
        assert_eq!(answer(&index, true).await.dense.len(), 40);
    }
}

#[tokio::test]
async fn damaged_segments_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = open(folder.path()).await;
    index.upsert(points(&corpus())).await.expect("added");
    index.commit(index.position(), 3).await.expect("moved");
    index.close().await;
    let segments = fs::read_dir(build(folder.path()).join("shard/segments")).expect("segments");
    for segment in segments {
        let state = segment.expect("an entry").path().join("segment.json");
        fs::write(state, "\0\0\0").expect("written");
    }
    let error = Index::open(settings(folder.path()))
        .await
        .expect_err("refused");
    assert_names_the_way_out(&error, CODE_CORRUPT);
}

#[tokio::test]
async fn a_rebuilt_index_is_the_one_opened_again_and_the_only_one_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = open(folder.path()).await;
    index
        .upsert(points([&passage(1, 0, "w1k")]))
        .await
        .expect("added");
    let rebuild = index
        .begin_rebuild(Some(corpus_space()), 33.0)
        .await
        .expect("begun");
    rebuild.upsert(points(&corpus())).await.expect("added");
    rebuild.commit(9).await.expect("switched");
    let before = answer(&index, true).await;
    index.close().await;
    build(folder.path());
    let index = open(folder.path()).await;
    assert_eq!(answer(&index, true).await, before);
    assert_eq!(index.position().sequence, 9);
    assert_eq!(
        index.health().await.expect("health").built_average_terms,
        33.0
    );
}

#[tokio::test]
async fn what_an_interrupted_rebuild_left_is_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    open(folder.path()).await.close().await;
    let left = folder.path().join("build-9/shard");
    fs::create_dir_all(&left).expect("made");
    fs::write(left.join("half"), "written").expect("written");
    let index = open(folder.path()).await;
    build(folder.path());
    index.close().await;
}
