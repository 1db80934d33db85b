//! How fast the local model embeds: documents of about 127 tokens, and a question of nine.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run stops")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ragd::embed::Embedder;
use std::num::NonZeroUsize;
use std::path::PathBuf;

const DOCUMENTS: usize = 64;

fn models() -> PathBuf {
    std::env::var_os("MODELS_PATH").map_or_else(
        || {
            let home = std::env::var_os("HOME").expect("HOME or MODELS_PATH is set");
            PathBuf::from(home).join(".cache/ragd/models")
        },
        PathBuf::from,
    )
}

fn embedding(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let embedder = Embedder::load(&models(), threads)
        .expect("the model is installed: run scripts/fetch-models.sh");
    // 125 words of one token each, and two marks.
    let words = ["river", "stone", "market", "signal", "winter"];
    let documents: Vec<String> = (0..DOCUMENTS)
        .map(|document| {
            let word = |i| words[(i * (document + 1)) % words.len()];
            (0..125).map(word).collect::<Vec<_>>().join(" ")
        })
        .collect();

    let mut group = criterion.benchmark_group("embed");
    group.sample_size(10);
    group.throughput(Throughput::Elements(DOCUMENTS as u64));
    group.bench_function("documents", |bencher| {
        bencher.iter(|| {
            runtime
                .block_on(embedder.embed(documents.clone()))
                .expect("embeds")
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("question", |bencher| {
        let question = "what is the capital of france?";
        bencher.iter(|| {
            runtime
                .block_on(embedder.embed_query(question))
                .expect("embeds")
        });
    });
    group.finish();
}

criterion_group!(benches, embedding);
criterion_main!(benches);
