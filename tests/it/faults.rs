//! Every fault of the specification's table, at every moment, in every form of answer, on every wire:
//! generated, and played through `POST /v1/chat/completions` by scripted upstreams on real sockets.
//! What a client sees, what both upstreams were asked, and what the breakers, limiters and metrics
//! say of it are checked for each. Cases that there cannot be are counted with their reason, so that
//! none is lost without a word.

#![expect(clippy::print_stdout, reason = "how many cases there are is a result")]

mod books;
mod case;
mod committed;
mod findings;
mod nobody;
mod play;
mod scrape;
mod script;
mod seen;
mod stage;
mod table;

use case::{Case, Setting};
use findings::Findings;
use ragd::stub_llm::Wire;
use stage::Stage;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;
use tokio::task::JoinSet;

/// How many cases there are: of the table, of those that are played, of those that cannot be.
const CASES: (usize, usize, usize) = (480, 260, 220);
/// How many cases there are of two providers that both fail.
const CASES_OF_TWO: usize = 282;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_is_what_the_table_says() {
    let begun = Instant::now();
    let cases = case::of_rows(table::ROWS);
    let total = cases.len();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let mut stages: HashMap<Setting, Vec<Case>> = HashMap::new();
    for case in cases {
        match case.impossible() {
            Some(reason) => *reasons.entry(reason).or_default() += 1,
            None => stages.entry(case.setting()).or_default().push(case),
        }
    }
    let mut playing = JoinSet::new();
    for (setting, cases) in stages {
        playing.spawn(play_all(setting, cases));
    }
    let (mut played, mut wrong) = (0, Vec::new());
    while let Some(ended) = playing.join_next().await {
        let (count, found) = ended.unwrap();
        played += count;
        wrong.extend(found);
    }
    let impossible = reasons.values().sum();
    println!(
        "{played} cases played, {impossible} not applicable, in {:?}",
        begun.elapsed()
    );
    for (reason, count) in reasons {
        println!("  {count:>3} not applicable: {reason}");
    }
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!((total, played, impossible), CASES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_that_says_something_else_is_found_out() {
    let mut believed = Vec::new();
    for wire in Wire::ALL {
        let mut cases = case::of_rows(table::FALSE_ROWS);
        cases.retain(|case| case.wire == wire && case.impossible().is_none());
        let setting = cases[0].setting();
        let mut stage = Stage::open(setting).await;
        for case in &cases {
            let found = play_one(&mut stage, case).await;
            believed.extend(found.of("").is_none().then(|| case.name()));
        }
        stage.finish().await;
    }
    assert!(
        believed.is_empty(),
        "not found out:\n{}",
        believed.join("\n")
    );
}

/// Plays a case, and checks what it showed and left behind.
async fn play_one(stage: &mut Stage, case: &Case) -> Findings {
    stage.reset();
    let mut findings = Findings::default();
    let played = play::play(stage, case).await;
    if let Some(seen) = &played.seen {
        seen::check(case, (seen, stage.names), &mut findings);
    }
    books::check(case, (stage, &played), &mut findings);
    findings
}

/// Plays cases one after the other; returns how many, and what is wrong.
async fn play_all(setting: Setting, cases: Vec<Case>) -> (usize, Vec<String>) {
    let mut stage = Stage::open(setting).await;
    let mut wrong = Vec::new();
    for case in &cases {
        let mut findings = play_one(&mut stage, case).await;
        books::asked_again(case, &stage, &mut findings).await;
        wrong.extend(findings.of(&case.name()));
    }
    stage.finish().await;
    (cases.len(), wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_the_second_provider_fails_as_well_the_caller_is_told_when_to_ask_again() {
    let begun = Instant::now();
    let mut stages: HashMap<Setting, Vec<_>> = HashMap::new();
    let cases = nobody::cases();
    let total = cases.len();
    for (case, second) in cases {
        stages
            .entry(case.setting())
            .or_default()
            .push((case, second));
    }
    let mut playing = JoinSet::new();
    for (setting, cases) in stages {
        playing.spawn(async move {
            let stage = Stage::open(setting).await;
            let mut wrong = Vec::new();
            for case in cases {
                wrong.extend(nobody::play(&stage, case).await);
            }
            stage.finish().await;
            wrong
        });
    }
    let mut wrong: Vec<String> = playing.join_all().await.concat();
    println!(
        "{total} cases of two providers that fail, in {:?}",
        begun.elapsed()
    );
    wrong.sort();
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(total, CASES_OF_TWO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_that_has_begun_without_content_may_still_come_from_another() {
    let mut playing = JoinSet::new();
    for wire in Wire::ALL {
        playing.spawn(committed::play(wire, false));
        playing.spawn(committed::play(wire, true));
    }
    let wrong: Vec<String> = playing.join_all().await.into_iter().flatten().collect();
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
