//! What a filter lets through, and that nothing else ever comes back.

use super::super::corpus::{DIMENSION, Entry, Numbers, collection, document, owner, room};
use super::super::reference::{assert_ranked, bm25, cosine, passes};
use super::{AVERAGE, filled, find, ids, query};
use ragd::domain::{PassageId, PassageKind, PassageSource, ReadScope};
use ragd::index::{Candidates, Index, IndexFilter};

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
