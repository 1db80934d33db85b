//! What every engine must do, as functions over an empty index whose vectors are of the corpus'
//! dimension and whose BM25 weights are made for the default average.

mod filters;
mod following;
mod ranking;
mod writes;

pub use filters::*;
pub use following::*;
pub use ranking::*;
pub use writes::*;

use super::asked;
use super::corpus::{Entry, Numbers, corpus, points};
use ragd::domain::PassageId;
use ragd::index::{
    Candidates, DEFAULT_AVERAGE_TERMS, Index, IndexFilter, Query, Scored, TermCounter,
};
use std::collections::BTreeSet;

/// More than the corpus has.
const ALL: usize = 1_000;
const AVERAGE: f64 = DEFAULT_AVERAGE_TERMS as f64;

fn query(text: &str, dense: Option<Vec<f32>>, filter: IndexFilter) -> Query {
    Query {
        terms: TermCounter::new().expect("a counter").count(text),
        dense: dense.map(asked),
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

fn ids_of(entries: &[Entry]) -> BTreeSet<PassageId> {
    entries.iter().map(|entry| entry.point.id).collect()
}
