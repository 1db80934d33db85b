//! The index alone: build it, reopen it, ask it.

use super::args::Args;
use super::corpus::{self, DIMENSION, Question};
use super::cost::{Timings, resident_mb};
use super::exact::{self, overlap};
use super::real::Real;
use ragd::config::{Config, Sources};
use ragd::domain::PassageId;
use ragd::index::{
    EdgeSettings, Index, IndexFilter, Point, Query, QueryVector, Scored, TermCounter, TermCounts,
    VectorSpace,
};
use ragd::retrieval::{FusionSettings, fuse};
use std::path::Path;
use std::time::{Duration, Instant};

const MODEL: &str = "bench@1";
const BATCH: u64 = 1_000;
/// How many passages the average length is measured on.
const SAMPLE: u64 = 2_000;
const LIST: usize = 50;
const WARM_UP: u64 = 100;

fn settings(folder: &Path) -> EdgeSettings {
    EdgeSettings {
        path: folder.join("index"),
        space: Some(VectorSpace {
            model: MODEL.to_owned(),
            dimension: DIMENSION,
        }),
    }
}

fn fusion() -> FusionSettings {
    let config = Config::load(&Sources::default()).expect("the defaults are valid");
    FusionSettings::of(&config.config.retrieval)
}

fn average_terms(counter: &TermCounter) -> f32 {
    let terms = |number| counter.count_passage(&corpus::text(number)).total();
    (0..SAMPLE).map(terms).sum::<f32>() / SAMPLE as f32
}

/// Builds the index, unless the folder has one.
pub async fn build(args: &Args, folder: &Path) {
    if folder.join("index").exists() {
        return println!("build: the folder has an index already");
    }
    let real = Real::open(&args.real, folder).await;
    let counter = TermCounter::new().expect("a counter");
    let index = Index::recreate(settings(folder), average_terms(&counter))
        .await
        .expect("an index");
    let (mut counting, mut writing) = (Duration::ZERO, Duration::ZERO);
    for start in (0..args.passages).step_by(BATCH as usize) {
        let numbers = start..(start + BATCH).min(args.passages);
        let texts: Vec<String> = numbers.clone().map(corpus::text).collect();
        let begun = Instant::now();
        let terms: Vec<TermCounts> = texts
            .iter()
            .map(|text| counter.count_passage(text))
            .collect();
        counting += begun.elapsed();
        let points = numbers
            .zip(terms)
            .map(|(n, terms)| corpus::point(n, terms, corpus::vector(n)));
        let points = points.collect();
        let begun = Instant::now();
        index.upsert(points).await.expect("added");
        writing += begun.elapsed();
    }
    let begun = Instant::now();
    let numbers = args.passages..;
    let points: Vec<Point> = numbers
        .zip(real.texts.iter().zip(&real.vectors))
        .map(|(n, (text, vector))| corpus::point(n, counter.count_passage(text), vector.clone()))
        .collect();
    for batch in points.chunks(BATCH as usize) {
        index.upsert(batch.to_vec()).await.expect("added");
    }
    index.commit(index.position(), 1).await.expect("moved");
    writing += begun.elapsed();
    let begun = Instant::now();
    index.optimize().await.expect("optimised");
    let optimising = begun.elapsed();
    let begun = Instant::now();
    index.close().await;
    println!(
        "build: terms {:.1} s, writing {:.1} s, optimising {:.1} s, closing {:.1} s: {:.1} s; \
         on disk {:.0} MB",
        counting.as_secs_f64(),
        writing.as_secs_f64(),
        optimising.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
        (counting + writing + optimising + begun.elapsed()).as_secs_f64(),
        disk_mb(&folder.join("index")),
    );
}

fn disk_mb(folder: &Path) -> f64 {
    let files = walkdir::WalkDir::new(folder).into_iter().flatten();
    let bytes: u64 = files
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| std::os::unix::fs::MetadataExt::blocks(&file) * 512)
        .sum();
    bytes as f64 / 1e6
}

/// Reopens the index, times questions, and compares answers with exact ones.
pub async fn search(args: &Args, folder: &Path) {
    let counter = TermCounter::new().expect("a counter");
    let questions: Vec<Question> = (0..args.questions)
        .map(|number| corpus::question(number, args.passages))
        .collect();
    let before = resident_mb();
    let begun = Instant::now();
    let index = Index::open(settings(folder)).await.expect("opened");
    let opened = begun.elapsed();
    let count = index.count(IndexFilter::default()).await.expect("counted");
    let health = index.health().await.expect("health");
    let fresh = resident_mb();
    println!(
        "reopened in {:.3} s: {count} passages, {} segments, RSS +{:.0} MB ({:.0} anonymous)",
        opened.as_secs_f64(),
        health.segments,
        fresh.0 - before.0,
        fresh.1 - before.1
    );
    for number in 0..WARM_UP {
        let question = corpus::question(1_000_000 + number, args.passages);
        hybrid(&index, &counter, &question).await;
    }
    time(&index, &counter, &questions).await;
    let warm = resident_mb();
    println!(
        "after {} questions: RSS +{:.0} MB ({:.0} anonymous)",
        args.questions,
        warm.0 - before.0,
        warm.1 - before.1
    );
    let compared = questions.len().min(args.compared as usize);
    let real = Real::open(&args.real, folder).await;
    let world = (args.passages, &real);
    compare(&index, &counter, &questions[..compared], world.0, world.1).await;
    if !real.questions.is_empty() {
        println!("with {} real texts and their questions:", real.texts.len());
        compare(&index, &counter, &real.questions, world.0, world.1).await;
    }
    index.close().await;
}

fn query(counter: &TermCounter, question: &Question) -> Query {
    Query {
        terms: counter.count_question(&question.text),
        dense: Some(QueryVector {
            model: MODEL.to_owned(),
            values: question.vector.clone(),
        }),
        filter: IndexFilter::default(),
        lexical_limit: LIST,
        dense_limit: LIST,
    }
}

async fn time(index: &Index, counter: &TermCounter, questions: &[Question]) {
    let mut timings = Timings::begin();
    for question in questions {
        let begun = Instant::now();
        std::hint::black_box(query(counter, question));
        timings.add(begun);
    }
    println!("a question's terms: {}", timings.report());
    let words = |query: Query| Query {
        dense: None,
        ..query
    };
    let meaning = |query: Query| Query {
        terms: TermCounts::default(),
        ..query
    };
    for (name, change) in [
        ("words", &words as &dyn Fn(Query) -> Query),
        ("meaning", &meaning),
        ("both", &|query| query),
    ] {
        let mut timings = Timings::begin();
        for question in questions {
            let begun = Instant::now();
            let query = change(query(counter, question));
            let found = index.search(query).await.expect("an answer");
            fuse(&found, &[], fusion()).truncate(10);
            timings.add(begun);
        }
        println!("search, {name}: {}", timings.report());
    }
    let mut timings = Timings::begin();
    for question in questions {
        let begun = Instant::now();
        hybrid(index, counter, question).await;
        timings.add(begun);
    }
    println!(
        "search, both scores of each candidate: {}",
        timings.report()
    );
}

/// The ten best, and the ten best by meaning.
async fn hybrid(
    index: &Index,
    counter: &TermCounter,
    question: &Question,
) -> (Vec<PassageId>, Vec<PassageId>) {
    let found = index
        .search_and_score(query(counter, question))
        .await
        .expect("an answer");
    let fused = fuse(&found.candidates, &found.scores, fusion());
    let dense = |one: &Scored| one.id;
    (
        fused.iter().take(10).map(|one| one.id).collect(),
        found.candidates.dense.iter().take(10).map(dense).collect(),
    )
}

async fn compare(
    index: &Index,
    counter: &TermCounter,
    questions: &[Question],
    passages: u64,
    real: &Real,
) {
    let asked: Vec<exact::Asked> = questions
        .iter()
        .map(|question| exact::asked(question, counter))
        .collect();
    let terms = |text: &str| counter.count_passage(text).iter().collect();
    let made_up = |n| (corpus::id(n), terms(&corpus::text(n)));
    let found = |n: usize| (corpus::id(passages + n as u64), terms(&real.texts[n]));
    let all = (0..passages)
        .map(made_up)
        .chain((0..real.texts.len()).map(found));
    let rarity = exact::rarity(&asked, all.map(|(id, terms)| (id, terms, Vec::new())));
    let with = |(id, terms), vector| (id, terms, vector);
    let whole = (0..passages)
        .map(|n| with(made_up(n), corpus::vector(n)))
        .chain((0..real.texts.len()).map(|n| with(found(n), real.vectors[n].clone())));
    let average = average_terms(counter);
    let exact = exact::answers(&asked, whole, &rarity, average, fusion());
    let (mut dense, mut both) = (0.0, 0.0);
    for (question, exact) in questions.iter().zip(&exact) {
        let (hybrid, meaning) = hybrid(index, counter, question).await;
        dense += overlap(&exact.dense, &meaning);
        both += overlap(&exact.hybrid, &hybrid);
    }
    let count = questions.len().max(1) as f64;
    println!(
        "against exact answers to {count} questions: recall@10 by meaning {:.4}, top-10 overlap of \
         both {:.4}",
        dense / count,
        both / count
    );
}
