//! What ragd adds between a client and an LLM: whole answers in a closed loop, and many slow streams at
//! once, each through ragd and directly. `cargo bench --bench gateway -- --help` says how to run it;
//! `RAGD_BIN` names another program to put in the middle.
//!
//! ragd is a process of its own on one core; the load generator and the upstream share the other one. Everything stays on the loopback interface.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

mod bench;
mod child;
mod client;
mod cost;
mod events;
mod http;
mod machine;
mod report;
mod runtime;
mod samples;
mod script;
mod streams;
mod upstream;
mod whole;

use bench::Bench;
use child::Ragd;
use clap::{Parser, ValueEnum, value_parser};
use samples::Faults;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// Measures what ragd adds between a client and an LLM.
#[derive(Debug, Parser)]
struct Args {
    /// What is measured.
    #[arg(default_value = "all")]
    part: Part,
    /// Of whole answers, for each side and number of connections; five rounds of a fifth.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=300))]
    seconds: u64,
    /// Numbers of connections for whole answers.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64",
        value_parser = value_parser!(u16).range(1..=1024))]
    connections: Vec<u16>,
    /// Streams at once.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=5_000))]
    streams: u32,
    /// How long each of them lasts, on each side; ragd ends an answer after 110 s.
    #[arg(long, default_value_t = 60, value_parser = value_parser!(u32).range(1..=100))]
    stream_seconds: u32,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Answers of 64 tokens that come whole.
    Whole,
    /// Streams of 20 tokens a second.
    Streams,
    /// Both.
    All,
}

#[derive(Debug, Default, serde::Serialize)]
struct Report {
    notes: Vec<String>,
    whole: Vec<whole::Report>,
    streams: Option<streams::Report>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut report = Report::default();
    let load = machine::load();
    report
        .notes
        .push(format!("load of the machine before: {load}"));
    let most = args.connections.iter().copied().max().unwrap_or_default();
    machine::allow_files(u64::from(args.streams).max(u64::from(most)));
    // Before any thread is started: they take over where this one may run.
    let core = machine::pin(&mut report.notes);
    let plan = streams::Plan {
        streams: args.streams,
        tokens: args.stream_seconds * 20,
    };
    let origin = Instant::now();
    let upstream = upstream::start(script::Script {
        stream_tokens: plan.tokens,
        origin,
    });
    let bench = Bench {
        upstream,
        ragd: Ragd::start(upstream, core),
        origin,
    };
    let ended = runtime::start().block_on(async {
        tokio::select! {
            () = run(&args, plan, &bench, &mut report) => true,
            () = stopped() => false,
        }
    });
    // Kills ragd.
    drop(bench);
    if !ended {
        println!("stopped");
        return ExitCode::FAILURE;
    }
    note_waiting(&mut report);
    finish(&args, &report)
}

async fn run(args: &Args, plan: streams::Plan, bench: &Bench, report: &mut Report) {
    check(bench).await;
    if args.part != Part::Streams {
        for connections in &args.connections {
            let length = Duration::from_secs(args.seconds);
            let measured = whole::measure(bench, usize::from(*connections), length).await;
            report.whole.push(measured);
        }
    }
    if args.part != Part::Whole {
        report.streams = Some(streams::measure(bench, plan).await);
    }
}

/// Until a signal asks this process to end: it must not leave ragd behind.
async fn stopped() {
    let mut terminate = signal(SignalKind::terminate()).expect("signals are heard");
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals are heard");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// One call through ragd, so that a wrong setting is reported before minutes have passed.
async fn check(bench: &Bench) {
    let address = bench.ragd.address;
    let connection = client::Connection::open(address).await;
    let mut connection = connection.expect("ragd takes connections");
    let request = client::request(address, false);
    let answer = tokio::time::timeout(Duration::from_secs(30), connection.call(&request)).await;
    let (status, body) = answer.expect("an answer in time").expect("an answer");
    let words = String::from_utf8_lossy(body);
    assert_eq!(status, 200, "ragd answers: {words}");
}

/// Says so when others of the machine kept ragd from its core.
fn note_waiting(report: &mut Report) {
    let whole = report.whole.iter().map(|whole| whole.waited);
    let streams = report.streams.iter().map(|streams| streams.waited);
    let most = whole.chain(streams).fold(0.0, f64::max);
    if most > 0.1 {
        report.notes.push(format!(
            "the machine was busy: ragd waited for its core {:.0} % of the time; trust the CPU figures, \
             not the times",
            most * 100.0
        ));
    }
}

fn finish(args: &Args, report: &Report) -> ExitCode {
    if args.json {
        let text = serde_json::to_string_pretty(report).expect("JSON");
        println!("{text}");
    } else {
        for note in &report.notes {
            println!("{note}");
        }
        if !report.whole.is_empty() {
            println!("{}", report::whole(&report.whole));
        }
        if let Some(streams) = &report.streams {
            println!("{}", report::streams(streams));
        }
    }
    let mut faults = Faults::default();
    for whole in &report.whole {
        faults.append(whole.faults.clone());
    }
    if let Some(streams) = &report.streams {
        faults.append(streams.ragd.faults(streams.streams));
        faults.append(streams.direct.faults(streams.streams));
    }
    if faults.count == 0 {
        return ExitCode::SUCCESS;
    }
    if !args.json {
        let first = faults.first.unwrap_or_default();
        println!("{} things went wrong, the first: {first}", faults.count);
    }
    ExitCode::FAILURE
}
