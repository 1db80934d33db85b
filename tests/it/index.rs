//! The index: what every engine must do (`conformance`), what the embedded one does with its folder
//! (`folder`, `crash`), and what the one on a server does with the server (`server`).

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod conformance;
mod corpus;
mod crash;
mod folder;
mod reference;
mod server;

use corpus::DIMENSION;
use ragd::index::{EdgeSettings, Index, QueryVector, VectorSpace};
use std::path::Path;

/// Settings for an embedded index in `path` whose vectors are as the corpus has them.
fn settings(path: &Path) -> EdgeSettings {
    EdgeSettings {
        path: path.to_owned(),
        space: Some(space()),
    }
}

/// The space of the corpus' vectors.
fn space() -> VectorSpace {
    VectorSpace {
        model: "test-model@1".to_owned(),
        dimension: DIMENSION,
    }
}

/// A question's vector, made by the corpus' model.
fn asked(values: Vec<f32>) -> QueryVector {
    QueryVector {
        model: space().model,
        values,
    }
}

/// An embedded index, open.
async fn open(path: &Path) -> Index {
    Index::open(settings(path)).await.expect("the index opens")
}

/// Runs each of the conformance suite's functions on a fresh index of each engine.
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        mod edge {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let folder = tempfile::tempdir().expect("a folder");
                    let index = super::open(folder.path()).await;
                    super::conformance::$name(&index).await;
                    index.close().await;
                }
            )+
        }
        mod qdrant {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some(scratch) = super::server::Scratch::open().await else { return };
                    super::conformance::$name(&scratch.index).await;
                    scratch.close().await;
                }
            )+
        }
    };
}

on_every_engine!(
    ranks_by_words_like_bm25,
    ranks_by_meaning_like_the_cosine,
    ranks_the_same_after_an_optimisation,
    finds_inflected_words_and_ignores_stop_words,
    scores_both_sides_of_any_passage,
    gives_every_candidate_both_scores,
    filters_are_conditions_of_the_query,
    never_finds_what_the_caller_may_not_read,
    deletes_by_every_selector,
    adding_twice_is_adding_once,
    replaces_a_passage,
    answers_every_odd_question,
    refuses_vectors_that_do_not_fit,
    a_passage_without_a_vector_is_found_by_words,
    moves_its_position_only_from_where_it_stands,
    a_rebuild_switches_at_once,
    a_rebuild_for_another_model_refuses_the_old_ones_questions,
    an_abandoned_rebuild_leaves_no_trace,
    searches_go_on_during_writes_and_optimisation,
);
