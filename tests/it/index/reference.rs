//! The index's answers as the formulas give them: BM25 and the cosine over every passage, written
//! without any part of the index, and the comparison of a ranking with them.

use super::corpus::Entry;
use ragd::domain::{PassageId, PassageKind, PassageSource};
use ragd::index::{IndexFilter, Scored};
use std::collections::HashMap;

/// BM25 of every passage with a score, best first; `k1` 1.2, `b` 0.75, lengths in words against
/// `average`, the question's words as often as they occur.
pub fn bm25(entries: &[Entry], question: &str, average: f64) -> Vec<(PassageId, f64)> {
    let texts: Vec<HashMap<&str, f64>> = entries.iter().map(|e| counts(&e.text)).collect();
    let passages = texts.len() as f64;
    let score = |words: &HashMap<&str, f64>| -> f64 {
        let length: f64 = words.values().sum();
        let norm = 1.2 * (0.25 + 0.75 * length / average);
        counts(question)
            .iter()
            .filter_map(|(word, asked)| {
                let count = words.get(word)?;
                let with = texts.iter().filter(|text| text.contains_key(word)).count() as f64;
                let rarity = (1.0 + (passages - with + 0.5) / (with + 0.5)).ln();
                Some(asked * rarity * count * 2.2 / (count + norm))
            })
            .sum()
    };
    let scores = texts.iter().map(score);
    let scored = entries.iter().map(|e| e.point.id).zip(scores);
    best_first(scored.filter(|(_, score)| *score > 0.0).collect())
}

/// The cosine of every passage that has a vector, best first.
pub fn cosine(entries: &[Entry], question: &[f32]) -> Vec<(PassageId, f64)> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum()
    };
    let score = |vector: &Vec<f32>| {
        dot(vector, question) / (dot(vector, vector) * dot(question, question)).sqrt()
    };
    let scored = entries
        .iter()
        .filter_map(|e| Some((e.point.id, score(e.point.dense.as_ref()?))));
    best_first(scored.collect())
}

/// Whether `entry` may be found under `filter`.
pub fn passes(entry: &Entry, filter: &IndexFilter) -> bool {
    let point = &entry.point;
    let kind = point.source.kind();
    let (collection, document, room) = match &point.source {
        PassageSource::Document {
            document,
            collection,
        } => (Some(collection), Some(*document), None),
        PassageSource::Message { room, .. } => (None, None, Some(*room)),
    };
    let readable = filter.read.as_ref().is_none_or(|scope| {
        let listed = match (&scope.collections, collection) {
            (None, Some(_)) => true,
            (Some(names), Some(name)) => names.contains(name),
            (_, None) => false,
        };
        point.owner == scope.owner || listed
    });
    let in_rooms = filter.rooms.as_ref().is_none_or(|rooms| {
        kind == PassageKind::Document || room.is_some_and(|room| rooms.contains(&room))
    });
    readable
        && in_rooms
        && filter.kind.is_none_or(|wanted| wanted == kind)
        && (filter.collection.is_none() || filter.collection.as_ref() == collection)
        && (filter.document.is_none() || filter.document == document)
}

/// Checks that `found` is the head of `expected`: the same scores, rank by rank, and each passage
/// at a place where its score belongs (equal scores may change places).
pub fn assert_ranked(found: &[Scored], expected: &[(PassageId, f64)], limit: usize) {
    assert_eq!(found.len(), expected.len().min(limit), "length of the list");
    let of: HashMap<_, _> = expected.iter().copied().collect();
    for (rank, (found, (_, score))) in found.iter().zip(expected).enumerate() {
        let own = of.get(&found.id).expect("a passage that should be found");
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-4 * (1.0 + b.abs());
        let got = f64::from(found.score);
        assert!(close(got, *score), "rank {rank}: {got}, not {score}");
        assert!(
            close(got, *own),
            "rank {rank}: {} has {own}, not {got}",
            found.id
        );
    }
}

fn counts(text: &str) -> HashMap<&str, f64> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_default() += 1.0;
    }
    counts
}

fn best_first(mut scored: Vec<(PassageId, f64)>) -> Vec<(PassageId, f64)> {
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    scored
}
