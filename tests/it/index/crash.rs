//! The embedded index after its process died without a word: a child process, the same test of this
//! same program, writes and aborts; what it committed must be there, and what it did not may be
//! repeated.

use super::corpus::{DIMENSION, Entry, Numbers, document, passage, points};
use super::{open, settings};
use crate::support::until::{SOON, within};
use ragd::index::{Index, IndexFilter, Query, Selector, TermCounter, VectorSpace};
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "RAGD_TEST_CRASH_FOLDER";

/// Runs the test `name` of this program as a child over `folder`, and sees it die.
fn die_in(name: &str, folder: &Path) {
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("index::crash::{name}")])
        .env(FOLDER, folder)
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(said.contains("running 1 test"), "{said}");
    assert_eq!(child.status.code(), None, "it died: {said}");
}

/// The folder in which this process is to die; `None`: it is the parent.
fn to_die_in() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

async fn words(index: &Index, text: &str) -> usize {
    let query = Query {
        terms: TermCounter::new().expect("a counter").count(text),
        dense: None,
        filter: IndexFilter::default(),
        lexical_limit: 9_999,
        dense_limit: 0,
    };
    index.search(query).await.expect("an answer").lexical.len()
}

fn batch(number: u128, word: &str) -> Vec<Entry> {
    (0..400).map(|i| passage(number, i, word)).collect()
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_crash_and_the_rest_can_be_repeated() {
    if let Some(folder) = to_die_in() {
        return write_commit_write_and_die(&folder).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    die_in(
        "what_was_committed_is_there_after_a_crash_and_the_rest_can_be_repeated",
        folder.path(),
    );
    let index = open(folder.path()).await;
    assert_eq!(index.position().sequence, 10);
    assert_eq!(words(&index, "heron").await, 400);
    index
        .upsert(points(&batch(2, "pelican")))
        .await
        .expect("repeated");
    index
        .delete(vec![Selector::Document(document(3))])
        .await
        .expect("repeated");
    index.commit(index.position(), 20).await.expect("moved");
    assert_eq!(words(&index, "pelican").await, 400);
    assert_eq!(words(&index, "cormorant").await, 0);
    assert_eq!(
        index.count(IndexFilter::default()).await.expect("a count"),
        800
    );
}

async fn write_commit_write_and_die(folder: &Path) {
    let index = open(folder).await;
    index
        .upsert(points(&batch(1, "heron")))
        .await
        .expect("added");
    index
        .upsert(points(&batch(3, "cormorant")))
        .await
        .expect("added");
    index.commit(index.position(), 10).await.expect("moved");
    index
        .upsert(points(&batch(2, "pelican")))
        .await
        .expect("added");
    index
        .delete(vec![Selector::Document(document(3))])
        .await
        .expect("deleted");
    std::process::abort();
}

/// As many numbers a vector, and passages, as make the engine build a graph, which takes seconds.
const WIDE: usize = 384;
const MANY: i64 = 7_000;

#[tokio::test]
async fn a_deletion_committed_during_an_optimisation_survives_a_crash() {
    if let Some(folder) = to_die_in() {
        return delete_while_it_is_optimised_and_die(&folder).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    die_in(
        "a_deletion_committed_during_an_optimisation_survives_a_crash",
        folder.path(),
    );
    let index = open_wide(folder.path()).await;
    assert_eq!(index.position().sequence, 2);
    assert_eq!(words(&index, "pelican").await, 0);
    assert_eq!(words(&index, "heron").await, MANY as usize);
}

async fn delete_while_it_is_optimised_and_die(folder: &Path) {
    let index = open_wide(folder).await;
    let mut numbers = Numbers(1);
    let mut wide = |number, ordinal, word| {
        let mut entry = passage(number, ordinal, word);
        entry.point.dense = Some(numbers.vector(WIDE));
        entry
    };
    let mut entries: Vec<Entry> = (0..MANY).map(|i| wide(1, i, "heron")).collect();
    entries.extend((0..300).map(|i| wide(2, i, "pelican")));
    index.upsert(points(&entries)).await.expect("added");
    let from = index.commit(index.position(), 1).await.expect("moved");
    index.optimize_soon();
    // The part that is being rewritten is set aside, and a new one takes the writes.
    let set_aside = async {
        while index.health().await.expect("health").segments < 2 {
            tokio::task::yield_now().await;
        }
    };
    within("a second part of the index", SOON, set_aside).await;
    index
        .delete(vec![Selector::Document(document(2))])
        .await
        .expect("deleted");
    index.commit(from, 2).await.expect("moved");
    assert!(
        index.health().await.expect("health").optimizing,
        "it went on meanwhile"
    );
    std::process::abort();
}

async fn open_wide(path: &Path) -> Index {
    assert_ne!(WIDE, DIMENSION);
    let mut settings = settings(path);
    settings.space = Some(VectorSpace {
        model: "test-model@1".to_owned(),
        dimension: WIDE,
    });
    Index::open(settings).await.expect("the index opens")
}
