//! How fast jobs go in and out, on SQLite (FULL sync) and on Postgres, and whether a claim is slower
//! when many wait. `cargo bench --bench queue`; `BENCH_POSTGRES_URL` names an empty database whose
//! table of jobs it fills, without it only SQLite is measured. `TMPDIR` says on which disk SQLite is.

#![expect(clippy::expect_used, reason = "a benchmark that cannot run stops")]
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

use chrono::{DateTime, Utc};
use ragd::domain::{JobPayload, Lane, LeasedJob, NewJob, OwnerId};
use ragd::store::{Claim, DatabaseSettings, DatabaseUrl, Store};
use std::time::{Duration, Instant};
use uuid::Uuid;

const JOBS: usize = 4_000;
const TASKS: usize = 16;
const WAITING: usize = 100_000;
const CLAIMS: usize = 500;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let url = DatabaseUrl::Sqlite(folder.path().join("ragd.db"));
        measure("sqlite", DatabaseSettings::new(url)).await;
        match std::env::var("BENCH_POSTGRES_URL") {
            Ok(url) => {
                let url = DatabaseUrl::parse(&url).expect("a URL of Postgres");
                let settings = DatabaseSettings {
                    pool_size: 20,
                    ..DatabaseSettings::new(url)
                };
                measure("postgres", settings).await;
            }
            Err(_) => println!("postgres: BENCH_POSTGRES_URL is not set"),
        }
    });
}

fn now() -> DateTime<Utc> {
    ragd::clock::Clock::system().now()
}

fn job() -> NewJob {
    NewJob {
        owner: OwnerId::system(),
        payload: JobPayload::Cleanup,
        lane: Lane::Default,
        run_at: None,
        max_attempts: 5,
        dedupe_key: Some(Uuid::new_v4().to_string()),
    }
}

async fn claim(store: &Store) -> Option<LeasedJob> {
    let claim = Claim {
        holder: Uuid::nil(),
        lane: Lane::Default,
        limit: 1,
    };
    store.claim_jobs(claim, now()).await.expect("claimed").pop()
}

async fn measure(name: &str, settings: DatabaseSettings) {
    let store = Store::open(&settings).await.expect("opened");
    store.migrate_up().await.expect("migrated");
    while let Some(left) = claim(&store).await {
        store
            .finish_job(left.lease, &[], now())
            .await
            .expect("ended");
    }
    for tasks in [1, TASKS] {
        let jobs = JOBS / if tasks == 1 { 4 } else { 1 };
        let begun = Instant::now();
        each(&store, tasks, move |store| async move {
            for _ in 0..jobs / tasks {
                store.enqueue(&job(), now()).await.expect("enqueued");
            }
        })
        .await;
        let enqueued = rate(jobs, begun);
        let begun = Instant::now();
        each(&store, tasks, |store| async move {
            while let Some(leased) = claim(&store).await {
                let ended = store.finish_job(leased.lease, &[], now()).await;
                assert!(ended.expect("ended"), "the lease holds");
            }
        })
        .await;
        let done = rate(jobs, begun);
        println!(
            "{name}, {tasks} at once: {enqueued:.0} enqueued/s, {done:.0} claimed and finished/s"
        );
    }
    let few = claim_times(&store, TASKS).await;
    let many = claim_times(&store, WAITING).await;
    println!("{name}: a claim takes {few:?} with {TASKS} waiting, {many:?} with {WAITING} (p50)");
    store.close().await;
}

async fn each<F, T>(store: &Store, tasks: usize, work: F)
where
    F: Fn(Store) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        running.spawn(work(store.clone()));
    }
    while let Some(ended) = running.join_next().await {
        ended.expect("a task ends");
    }
}

fn rate(jobs: usize, begun: Instant) -> f64 {
    jobs as f64 / begun.elapsed().as_secs_f64()
}

/// Half of the claims are faster, while at least `waiting` jobs wait.
async fn claim_times(store: &Store, waiting: usize) -> Duration {
    // Many go in with the end of one.
    store.enqueue(&job(), now()).await.expect("enqueued");
    let mut left = waiting;
    while left > 0 {
        let batch: Vec<NewJob> = (0..left.min(2_000)).map(|_| job()).collect();
        let one = claim(store).await.expect("one waits");
        store
            .finish_job(one.lease, &batch, now())
            .await
            .expect("ended");
        left -= batch.len();
    }
    let mut times = Vec::with_capacity(CLAIMS);
    for _ in 0..CLAIMS {
        let begun = Instant::now();
        let leased = claim(store).await.expect("one waits");
        times.push(begun.elapsed());
        store
            .release_job(leased.lease, now())
            .await
            .expect("released");
    }
    times.sort_unstable();
    // Ending them one by one would take minutes: claimed, they wait no more.
    let all = Claim {
        holder: Uuid::nil(),
        lane: Lane::Default,
        limit: 5_000,
    };
    while !store
        .claim_jobs(all, now())
        .await
        .expect("claimed")
        .is_empty()
    {}
    times[CLAIMS / 2]
}
