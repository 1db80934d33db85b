//! Many streams at once, each of numbered tokens at a fixed pace: whether every token comes, in its
//! order, and how much later than it was sent.

use super::bench::Bench;
use super::client::{Connection, request};
use super::cost::{Clock, Spent, resident_mb};
use super::events::Listener;
use super::samples::{Faults, Samples};
use super::script::PACE;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, interval, sleep_until, timeout_at};

/// Over which the streams begin, evenly.
const RAMP: Duration = Duration::from_secs(2);
/// How long after its last token was due a stream may still run.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at ragd's memory.
const LOOK: Duration = Duration::from_millis(200);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub streams: u32,
    /// Tokens of each.
    pub tokens: u32,
}

/// One side. Times are in microseconds.
#[derive(Debug, serde::Serialize)]
pub struct Side {
    pub tokens: u64,
    /// Tokens that never came.
    pub lost: u64,
    /// Tokens that came twice, or after a later one.
    pub out_of_order: u64,
    /// Streams that ended with a reason and `[DONE]`.
    pub ended: u64,
    /// Streams that reported their usage.
    pub with_usage: u64,
    /// From the request to the first token.
    pub first_p50_us: f64,
    pub first_p99_us: f64,
    /// Between two tokens of a stream, as the client sees them.
    pub gap_p50_us: f64,
    pub gap_p99_us: f64,
    pub gap_max_us: f64,
    /// From the upstream's sending of a token to the client's reading of it.
    pub delay_p50_us: f64,
    pub delay_p99_us: f64,
    pub delay_max_us: f64,
    /// The part of the time in which the load generator and the upstream were on their core.
    pub bench_busy: f64,
    /// The part of the time in which their threads waited for it.
    pub bench_waited: f64,
    pub faults: Faults,
}

impl Side {
    /// Everything that is not as it should be when there were `streams`.
    pub fn faults(&self, streams: u32) -> Faults {
        let mut faults = self.faults.clone();
        for (count, words) in [
            (self.lost, "a token was lost"),
            (self.out_of_order, "a token was out of order"),
            (u64::from(streams) - self.ended, "a stream did not end well"),
        ] {
            if count > 0 {
                faults.append(Faults {
                    count,
                    first: Some(words.to_owned()),
                });
            }
        }
        faults
    }
}

/// What both sides showed.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    pub streams: u32,
    pub tokens_a_stream: u32,
    pub direct: Side,
    pub ragd: Side,
    pub added_first_p50_us: f64,
    pub added_first_p99_us: f64,
    pub added_delay_p50_us: f64,
    pub added_delay_p99_us: f64,
    /// CPU of ragd, a token; the beginnings and ends of the streams are in it.
    pub cpu_us: f64,
    pub cpu_user_us: f64,
    pub cpu_system_us: f64,
    pub busy: f64,
    /// The part of the time in which threads of ragd could have run and waited for their core.
    pub waited: f64,
    pub rss_before_mb: f64,
    pub rss_max_mb: f64,
}

#[derive(Debug, Default)]
struct Outcome {
    listener: Listener,
    first: Samples,
    faults: Faults,
}

#[derive(Debug, Default)]
struct Run {
    outcomes: Vec<Outcome>,
    seconds: f64,
    bench: Spent,
    ragd: Spent,
    rss_max_mb: f64,
}

/// Plays the same streams to the upstream directly, then through ragd.
pub async fn measure(bench: &Bench, plan: Plan) -> Report {
    let direct = play(bench, bench.upstream, plan).await;
    let rss_before_mb = resident_mb(bench.ragd.pid());
    let run = play(bench, bench.ragd.address, plan).await;
    let (spent, seconds, rss_max_mb) = (run.ragd, run.seconds, run.rss_max_mb);
    let (direct, ragd) = (side(direct), side(run));
    let cpu_us = spent.us_each(ragd.tokens);
    Report {
        streams: plan.streams,
        tokens_a_stream: plan.tokens,
        added_first_p50_us: ragd.first_p50_us - direct.first_p50_us,
        added_first_p99_us: ragd.first_p99_us - direct.first_p99_us,
        added_delay_p50_us: ragd.delay_p50_us - direct.delay_p50_us,
        added_delay_p99_us: ragd.delay_p99_us - direct.delay_p99_us,
        cpu_us,
        cpu_user_us: cpu_us * spent.user_share(),
        cpu_system_us: cpu_us * (1.0 - spent.user_share()),
        busy: spent.cpu_ns as f64 / 1e9 / seconds,
        waited: spent.waited_ns as f64 / 1e9 / seconds,
        rss_before_mb,
        rss_max_mb,
        direct,
        ragd,
    }
}

fn side(run: Run) -> Side {
    let bench_busy = run.bench.cpu_ns as f64 / 1e9 / run.seconds;
    let bench_waited = run.bench.waited_ns as f64 / 1e9 / run.seconds;
    let mut whole = Outcome::default();
    let (mut tokens, mut lost, mut out_of_order, mut ended, mut with_usage) = (0, 0, 0, 0, 0);
    for Outcome {
        listener,
        first,
        faults,
    } in run.outcomes
    {
        tokens += listener.tokens;
        lost += listener.lost();
        out_of_order += listener.out_of_order;
        ended += u64::from(listener.has_reason && listener.is_done);
        with_usage += u64::from(listener.has_usage);
        whole.listener.gaps.append(listener.gaps);
        whole.listener.delays.append(listener.delays);
        whole.first.append(first);
        whole.faults.append(listener.faults);
        whole.faults.append(faults);
    }
    let [first_p50_us, first_p99_us] = whole.first.percentiles_us([50.0, 99.0]);
    let listener = &mut whole.listener;
    let [gap_p50_us, gap_p99_us, gap_max_us] = listener.gaps.percentiles_us([50.0, 99.0, 100.0]);
    let delays = listener.delays.percentiles_us([50.0, 99.0, 100.0]);
    let [delay_p50_us, delay_p99_us, delay_max_us] = delays;
    Side {
        tokens,
        lost,
        out_of_order,
        ended,
        with_usage,
        first_p50_us,
        first_p99_us,
        gap_p50_us,
        gap_p99_us,
        gap_max_us,
        delay_p50_us,
        delay_p99_us,
        delay_max_us,
        bench_busy,
        bench_waited,
        faults: whole.faults,
    }
}

async fn play(bench: &Bench, address: SocketAddr, plan: Plan) -> Run {
    let mut run = Run::default();
    let callers = LocalSet::new();
    callers
        .run_until(async {
            let mut running = JoinSet::new();
            let request: Rc<[u8]> = request(address, true).into();
            let mut connections = Vec::new();
            for _ in 0..plan.streams {
                connections.push(Connection::open(address).await);
            }
            let begun = Instant::now();
            let (own, pid) = (std::process::id(), bench.ragd.pid());
            let before = (Clock::read(own), Clock::read(pid));
            for (number, connection) in (0..).zip(connections) {
                let caller = Caller {
                    begin: begun + beginning(number, plan.streams),
                    tokens: plan.tokens,
                    origin: bench.origin,
                    request: request.clone(),
                };
                running.spawn_local(caller.run(connection));
            }
            let mut looks = interval(LOOK);
            loop {
                tokio::select! {
                    ended = running.join_next() => match ended {
                        Some(ended) => run.outcomes.push(ended.expect("a caller ends")),
                        None => break,
                    },
                    _ = looks.tick() => run.rss_max_mb = run.rss_max_mb.max(resident_mb(pid)),
                }
            }
            run.seconds = begun.elapsed().as_secs_f64();
            run.bench = Clock::read(own).since(&before.0);
            run.ragd = Clock::read(pid).since(&before.1);
        })
        .await;
    run
}

/// When a stream begins. The second part keeps the streams from falling into step where their
/// distance divides the pace: it spreads them evenly between two tokens.
fn beginning(number: u32, streams: u32) -> Duration {
    RAMP * number / streams + PACE * (number * 619 % 1_000) / 1_000
}

struct Caller {
    begin: Instant,
    tokens: u32,
    origin: std::time::Instant,
    request: Rc<[u8]>,
}

impl Caller {
    async fn run(self, connection: std::io::Result<Connection>) -> Outcome {
        let mut outcome = Outcome {
            listener: Listener::new(self.origin, self.tokens),
            ..Outcome::default()
        };
        let deadline = self.begin + PACE * self.tokens + PATIENCE;
        let listening = self.listen(connection, &mut outcome);
        let words = match timeout_at(deadline, listening).await {
            Ok(Ok(())) => return outcome,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "a stream did not end in time".to_owned(),
        };
        outcome.faults.add(|| words);
        outcome
    }

    async fn listen(
        &self,
        connection: std::io::Result<Connection>,
        outcome: &mut Outcome,
    ) -> std::io::Result<()> {
        let mut connection = connection?;
        sleep_until(self.begin).await;
        let begun = std::time::Instant::now();
        connection.send(&self.request).await?;
        connection
            .follow(|body| {
                let now = std::time::Instant::now();
                if outcome.listener.take(body, now) {
                    outcome.first.add(now - begun);
                }
            })
            .await
    }
}
