//! What a search of the embedded index costs at 10,000 passages of 100 words and 384 numbers: by
//! words, by meaning, by both, filtered, and with both scores of every candidate.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]

use chrono::DateTime;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ragd::domain::{
    Collection, DocumentId, OwnerId, PassageId, PassageKind, PassageSource, ReadScope,
};
use ragd::index::{
    EdgeSettings, Index, IndexFilter, Point, Query, QueryVector, TermCounter, VectorSpace,
};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;
use uuid::Uuid;

const PASSAGES: i64 = 10_000;
const DIMENSION: usize = 384;
const VOCABULARY: u64 = 30_000;

/// The same numbers every time (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Around one of 200 centres, as texts gather around subjects.
    fn vector(&mut self) -> Vec<f32> {
        let mut centre = Numbers(self.below(200));
        let signed = |n: &mut Numbers| n.below(2_001) as f32 / 1_000.0 - 1.0;
        (0..DIMENSION)
            .map(|_| signed(&mut centre) + signed(self))
            .collect()
    }

    fn text(&mut self, words: usize) -> String {
        let word = |n: &mut Numbers| {
            let (outer, middle) = (n.below(VOCABULARY) + 1, n.below(VOCABULARY) + 1);
            let bound = outer * middle / VOCABULARY + 1;
            format!("w{}k", n.below(bound))
        };
        (0..words).map(|_| word(self)).collect::<Vec<_>>().join(" ")
    }
}

fn owner(number: u128) -> OwnerId {
    OwnerId::from_uuid(Uuid::from_u128(number))
}

fn point(ordinal: i64, counter: &TermCounter, numbers: &mut Numbers) -> Point {
    let number = u128::from(ordinal.unsigned_abs());
    let document = DocumentId::from_uuid(Uuid::from_u128(number / 50));
    let name = ["default", "private"][usize::from(ordinal % 10 == 0)];
    let collection = Collection::parse(name).expect("a name");
    Point {
        id: PassageId::of_document(document, 1, ordinal),
        owner: owner(number / 50 % 20),
        source: PassageSource::Document {
            document,
            collection,
        },
        generation: 1,
        created_at: DateTime::UNIX_EPOCH,
        terms: counter.count(&numbers.text(100)),
        dense: Some(numbers.vector()),
    }
}

async fn filled(path: &Path, counter: &TermCounter) -> Index {
    let settings = EdgeSettings {
        path: path.to_owned(),
        space: Some(VectorSpace {
            model: "bench@1".to_owned(),
            dimension: DIMENSION,
        }),
    };
    let index = Index::recreate(settings, 100.0).await.expect("an index");
    let mut numbers = Numbers(1);
    for start in (0..PASSAGES).step_by(500) {
        let points = (start..start + 500).map(|i| point(i, counter, &mut numbers));
        index.upsert(points.collect()).await.expect("added");
    }
    index.commit(index.position(), 1).await.expect("moved");
    index
}

fn query(numbers: &mut Numbers, counter: &TermCounter, filter: &IndexFilter) -> Query {
    Query {
        terms: counter.count(&numbers.text(6)),
        dense: Some(QueryVector {
            model: "bench@1".to_owned(),
            values: numbers.vector(),
        }),
        filter: filter.clone(),
        lexical_limit: 50,
        dense_limit: 50,
    }
}

fn benches(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let counter = TermCounter::new().expect("a counter");
    let index = runtime.block_on(filled(folder.path(), &counter));
    searches(criterion, &runtime, &index, &counter, "as written");
    runtime.block_on(index.optimize()).expect("optimised");
    searches(criterion, &runtime, &index, &counter, "optimised");
    runtime.block_on(index.close());
}

fn searches(
    criterion: &mut Criterion,
    runtime: &Runtime,
    index: &Index,
    counter: &TermCounter,
    state: &str,
) {
    let all = IndexFilter::default();
    let documents = IndexFilter {
        kind: Some(PassageKind::Document),
        ..all.clone()
    };
    let readable = IndexFilter {
        read: Some(ReadScope {
            owner: owner(3),
            collections: Some(vec![Collection::default_collection()]),
        }),
        ..documents.clone()
    };
    let own = IndexFilter {
        read: Some(ReadScope {
            owner: owner(3),
            collections: Some(vec![]),
        }),
        ..documents.clone()
    };
    let mut group = criterion.benchmark_group(format!("index, 10,000 passages {state}"));
    group.warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    let cases = [
        ("words", &all, (50, 0)),
        ("meaning", &all, (0, 50)),
        ("both", &all, (50, 50)),
        ("both, of documents", &documents, (50, 50)),
        ("both, readable (90 %)", &readable, (50, 50)),
        ("both, own (5 %)", &own, (50, 50)),
    ];
    for (name, filter, limits) in cases {
        let mut numbers = Numbers(2);
        group.bench_function(name, |bencher| {
            let ask = || {
                let mut query = query(&mut numbers, counter, filter);
                (query.lexical_limit, query.dense_limit) = limits;
                query
            };
            let search = |query| runtime.block_on(index.search(query)).expect("an answer");
            bencher.iter_batched(ask, search, BatchSize::SmallInput);
        });
    }
    let mut numbers = Numbers(2);
    group.bench_function(
        "both, readable, every candidate with both scores",
        |bencher| {
            let ask = || query(&mut numbers, counter, &readable);
            let search = |query| {
                let found = runtime.block_on(index.search_and_score(query));
                found.expect("an answer")
            };
            bencher.iter_batched(ask, search, BatchSize::SmallInput);
        },
    );
    group.finish();
}

criterion_group!(index, benches);
criterion_main!(index);
