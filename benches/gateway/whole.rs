//! Answers that come whole: a closed loop of calls on some connections, to the upstream directly and
//! through ragd in turn, so that whatever else the machine does falls on both.

use super::bench::Bench;
use super::client::{Connection, request};
use super::cost::{Clock, Spent, resident_mb};
use super::samples::{Faults, Samples, median};
use super::script::whole_body;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until, timeout_at};

/// Rounds of each side.
const ROUNDS: u32 = 5;
/// Before the first round, on each side.
const WARM_UP: Duration = Duration::from_millis(500);
/// For opening connections and a first call on each, which is not measured.
const OPENING: Duration = Duration::from_millis(300);
/// How long after a round's end a call may still wait for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One side; the medians of its rounds.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Side {
    pub calls: u64,
    pub calls_per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    /// CPU of the load generator and the upstream together, a call.
    pub bench_cpu_us: f64,
}

/// What one number of connections showed.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    pub connections: usize,
    pub direct: Side,
    pub ragd: Side,
    /// Medians of the rounds' differences.
    pub added_p50_us: f64,
    pub added_p99_us: f64,
    /// CPU of ragd, a call.
    pub cpu_us: f64,
    pub cpu_user_us: f64,
    pub cpu_system_us: f64,
    /// The part of the time in which ragd was on a core; above 1: on several.
    pub busy: f64,
    /// The part of the time in which threads of ragd could have run and waited for their core: for
    /// each other, or for other processes of the machine.
    pub waited: f64,
    pub rss_mb: f64,
    pub faults: Faults,
}

#[derive(Debug, Default)]
struct Round {
    times: Samples,
    faults: Faults,
    seconds: f64,
    bench: Spent,
    ragd: Spent,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    address: SocketAddr,
    connections: usize,
    length: Duration,
}

#[derive(Debug, Default)]
struct Rounds {
    calls: u64,
    per_second: Vec<f64>,
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    seconds: f64,
    bench: Spent,
    ragd: Spent,
    faults: Faults,
}

/// Measures with `connections`, `length` a side.
pub async fn measure(bench: &Bench, connections: usize, length: Duration) -> Report {
    let plan = |address, length| Plan {
        address,
        connections,
        length,
    };
    let [mut direct, mut ragd] = [Rounds::default(), Rounds::default()];
    for address in [bench.upstream, bench.ragd.address] {
        play(bench, plan(address, WARM_UP)).await;
    }
    for number in 0..ROUNDS {
        let mut sides = [
            (bench.upstream, &mut direct),
            (bench.ragd.address, &mut ragd),
        ];
        // The side that goes first changes, so that a drift of the machine favours neither.
        if number % 2 == 1 {
            sides.reverse();
        }
        for (address, rounds) in sides {
            rounds.add(play(bench, plan(address, length / ROUNDS)).await);
        }
    }
    report(bench, connections, direct, ragd)
}

fn report(bench: &Bench, connections: usize, direct: Rounds, ragd: Rounds) -> Report {
    let added = |through: &[f64], direct: &[f64]| {
        median(through.iter().zip(direct).map(|(a, b)| a - b).collect())
    };
    let cpu_us = ragd.ragd.us_each(ragd.calls);
    let user = ragd.ragd.user_share();
    let mut faults = ragd.faults.clone();
    faults.append(direct.faults.clone());
    Report {
        connections,
        added_p50_us: added(&ragd.p50_us, &direct.p50_us),
        added_p99_us: added(&ragd.p99_us, &direct.p99_us),
        cpu_us,
        cpu_user_us: cpu_us * user,
        cpu_system_us: cpu_us * (1.0 - user),
        busy: ragd.ragd.cpu_ns as f64 / 1e9 / ragd.seconds,
        waited: ragd.ragd.waited_ns as f64 / 1e9 / ragd.seconds,
        rss_mb: resident_mb(bench.ragd.pid()),
        direct: direct.side(),
        ragd: ragd.side(),
        faults,
    }
}

impl Rounds {
    fn add(&mut self, mut round: Round) {
        let calls = round.times.count();
        let [p50, p99] = round.times.percentiles_us([50.0, 99.0]);
        self.calls += calls as u64;
        self.per_second.push(calls as f64 / round.seconds);
        self.p50_us.push(p50);
        self.p99_us.push(p99);
        self.seconds += round.seconds;
        self.bench.add(round.bench);
        self.ragd.add(round.ragd);
        self.faults.append(round.faults);
    }

    fn side(self) -> Side {
        Side {
            calls: self.calls,
            calls_per_second: median(self.per_second),
            p50_us: median(self.p50_us),
            p99_us: median(self.p99_us),
            bench_cpu_us: self.bench.us_each(self.calls),
        }
    }
}

async fn play(bench: &Bench, plan: Plan) -> Round {
    let begin = Instant::now() + OPENING;
    let end = begin + plan.length;
    let request: Rc<[u8]> = request(plan.address, false).into();
    let expected: Rc<[u8]> = whole_body().into();
    let callers = LocalSet::new();
    let mut running = JoinSet::new();
    for _ in 0..plan.connections {
        let caller = Caller {
            address: plan.address,
            request: request.clone(),
            expected: expected.clone(),
        };
        running.spawn_local_on(caller.run(begin, end), &callers);
    }
    let mut round = Round::default();
    callers
        .run_until(async {
            sleep_until(begin).await;
            let begun = Instant::now();
            let (own, pid) = (std::process::id(), bench.ragd.pid());
            let before = (Clock::read(own), Clock::read(pid));
            sleep_until(end).await;
            round.seconds = begun.elapsed().as_secs_f64();
            round.bench = Clock::read(own).since(&before.0);
            round.ragd = Clock::read(pid).since(&before.1);
            while let Some(ended) = running.join_next().await {
                let (times, faults) = ended.expect("a caller ends");
                round.times.append(times);
                round.faults.append(faults);
            }
        })
        .await;
    round
}

struct Caller {
    address: SocketAddr,
    request: Rc<[u8]>,
    expected: Rc<[u8]>,
}

impl Caller {
    async fn run(self, begin: Instant, end: Instant) -> (Samples, Faults) {
        let mut times = Samples::with_room_for(1 << 10);
        let mut faults = Faults::default();
        let calls = self.calls(begin, end, &mut times, &mut faults);
        match timeout_at(end + PATIENCE, calls).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => faults.add(|| format!("{}: {error}", self.address)),
            Err(_) => faults.add(|| format!("{}: no answer", self.address)),
        }
        (times, faults)
    }

    async fn calls(
        &self,
        begin: Instant,
        end: Instant,
        times: &mut Samples,
        faults: &mut Faults,
    ) -> std::io::Result<()> {
        let mut connection = Connection::open(self.address).await?;
        connection.call(&self.request).await?;
        sleep_until(begin).await;
        loop {
            let begun = std::time::Instant::now();
            let (status, body) = connection.call(&self.request).await?;
            let now = std::time::Instant::now();
            if now > end.into_std() {
                return Ok(());
            }
            times.add(now - begun);
            if status != 200 || body != &*self.expected {
                faults.add(|| wrong(status, body, &self.expected));
            }
        }
    }
}

/// How an answer differs from the upstream's.
fn wrong(status: u16, body: &[u8], expected: &[u8]) -> String {
    let same = body.iter().zip(expected).take_while(|(a, b)| a == b);
    let from = same.count().saturating_sub(20);
    let part = |bytes: &[u8]| {
        let to = bytes.len().min(from + 120);
        String::from_utf8_lossy(bytes.get(from..to).unwrap_or_default()).into_owned()
    };
    let (got, wanted) = (part(body), part(expected));
    format!("status {status}, from byte {from}: {got} instead of {wanted}")
}
