//! Random histories of the queue against a model of it: eight workers that claim, pause for longer
//! than a lease, die, come back with what they held, and a clock that only the test moves. After
//! every step the queue must have said what the model says, and at the end every row must stand
//! where the model has it: no job lost, no effect twice, no end accepted from a stale lease.
//!
//! `QUEUE_SEEDS` sets how many histories are run, `QUEUE_FIRST_SEED` where they begin; the seed of a
//! history that fails is in the message. Ten thousand on SQLite without waiting for the disk:
//! `TMPDIR=/dev/shm QUEUE_SEEDS=10000 cargo test --release --test it -- queue::model::sqlite`.

use crate::store::world::{at, owner};
use crate::support::database::TestDatabase;
use chrono::{DateTime, TimeDelta, Utc};
use ragd::domain::{JobId, JobKind, JobPayload, JobState, Lane, Lease, NewJob};
use ragd::store::{CancelOutcome, Claim, Heartbeat, MAX_CRASHES, Store};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

const WORKERS: usize = 8;
const STEPS: usize = 80;
const KEYS: u64 = 4;
const LEASE: TimeDelta = TimeDelta::seconds(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let database = TestDatabase::sqlite().await;
    run(&database.store, seeds(200)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let database = TestDatabase::postgres().await;
    run(&database.store, seeds(50)).await;
}

fn seeds(in_ci: u64) -> std::ops::Range<u64> {
    let number = |name: &str, default| {
        let set = std::env::var(name).ok();
        set.map_or(default, |text| text.parse().expect("a number"))
    };
    let first = number("QUEUE_FIRST_SEED", 0);
    first..first + number("QUEUE_SEEDS", in_ci)
}

async fn run(store: &Store, seeds: std::ops::Range<u64>) {
    let mut now = at(0);
    for seed in seeds {
        let mut history = History::new(seed, now);
        for step in 0..STEPS {
            history.step(store, step).await;
        }
        history.drain(store).await;
        history.compare(store).await;
        // Histories follow each other on one database, which is empty of live jobs between them.
        now = history.now + TimeDelta::days(1);
    }
}

/// A job as the model has it.
#[derive(Debug, Clone)]
struct Model {
    lane: Lane,
    run_at: DateTime<Utc>,
    state: JobState,
    attempt: i64,
    max_attempts: i64,
    crashes: i64,
    lease: Option<(Lease, DateTime<Utc>, usize)>,
    key: Option<String>,
    cancel: bool,
}

struct History {
    seed: u64,
    numbers: u64,
    now: DateTime<Utc>,
    jobs: BTreeMap<JobId, Model>,
    /// What each worker was ever given, the newest last: it may come back with any of it.
    held: Vec<Vec<Lease>>,
    /// How often the effect of each job was accepted.
    effects: HashMap<JobId, u32>,
    said: Vec<String>,
}

impl History {
    fn new(seed: u64, now: DateTime<Utc>) -> Self {
        Self {
            seed,
            numbers: seed ^ 0x51ab_1e5e,
            now,
            jobs: BTreeMap::new(),
            held: vec![Vec::new(); WORKERS],
            effects: HashMap::new(),
            said: Vec::new(),
        }
    }

    /// SplitMix64, below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.numbers = self.numbers.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.numbers;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let end = u64::try_from(all.len()).unwrap();
        (end > 0).then(|| all[usize::try_from(self.below(end)).unwrap()])
    }

    fn check<T: PartialEq + std::fmt::Debug>(&self, found: &T, expected: &T) {
        assert!(
            found == expected,
            "seed {}: the queue says {found:?}, the model {expected:?}, after\n{}",
            self.seed,
            self.said.join("\n")
        );
    }

    async fn step(&mut self, store: &Store, step: usize) {
        let worker = usize::try_from(self.below(WORKERS as u64)).unwrap();
        let dice = self.below(100);
        self.said.push(format!(
            "{step}: dice {dice}, worker {worker}, {}",
            self.now
        ));
        match dice {
            0..20 => self.enqueue(store).await,
            20..45 => self.claim(store, worker).await,
            45..52 => self.wait(TimeDelta::zero(), 20),
            // A pause longer than a lease.
            52..56 => self.wait(LEASE, 9),
            56..62 => self.reap(store).await,
            62..67 => self.cancel(store).await,
            67..70 => self.revive(store).await,
            // A worker dies, and what it held with it; another with its number begins anew.
            70..72 => self.held[worker].clear(),
            72..74 => self.take_back(store, worker).await,
            _ => self.settle(store, worker, dice).await,
        }
    }

    fn wait(&mut self, least: TimeDelta, seconds: u64) {
        let more = i64::try_from(self.below(seconds)).unwrap();
        self.now += least + TimeDelta::seconds(more);
    }

    fn new_job(&mut self) -> NewJob {
        let lane = Lane::ALL[usize::try_from(self.below(3)).unwrap()];
        let delay = self.below(30);
        let key = self.below(3 * KEYS);
        NewJob {
            owner: owner("ann"),
            payload: JobPayload::Cleanup,
            lane,
            run_at: (delay > 10).then(|| self.now + TimeDelta::seconds(delay.try_into().unwrap())),
            max_attempts: 1 + i64::try_from(self.below(5)).unwrap(),
            dedupe_key: (key < KEYS).then(|| format!("key {key}")),
        }
    }

    fn add(&mut self, id: JobId, job: NewJob) {
        self.jobs.insert(
            id,
            Model {
                lane: job.lane,
                run_at: job.run_at.unwrap_or(self.now),
                state: JobState::Ready,
                attempt: 0,
                max_attempts: job.max_attempts,
                crashes: 0,
                lease: None,
                key: job.dedupe_key,
                cancel: false,
            },
        );
    }

    fn live_with(&self, key: Option<&String>) -> Option<JobId> {
        let key = key?;
        let live = |job: &Model| !job.state.is_ended() && job.key.as_ref() == Some(key);
        let found = self.jobs.iter().find(|(_, job)| live(job));
        found.map(|(id, _)| *id)
    }

    async fn enqueue(&mut self, store: &Store) {
        let job = self.new_job();
        let id = store.enqueue(&job, self.now).await.unwrap();
        match self.live_with(job.dedupe_key.as_ref()) {
            Some(live) => self.check(&id, &live),
            None => self.add(id, job),
        }
    }

    async fn claim(&mut self, store: &Store, worker: usize) {
        let lane = Lane::ALL[usize::try_from(self.below(3)).unwrap()];
        let limit = 1 + i64::try_from(self.below(2)).unwrap();
        let claim = Claim {
            holder: holder(worker),
            lane,
            limit,
        };
        let leased = store.claim_jobs(claim, self.now).await.unwrap();
        let mut due: Vec<(DateTime<Utc>, JobId)> = self
            .jobs
            .iter()
            .filter(|(_, job)| {
                job.state == JobState::Ready && job.lane == lane && job.run_at <= self.now
            })
            .map(|(id, job)| (job.run_at, *id))
            .collect();
        due.sort_unstable();
        due.truncate(usize::try_from(limit).unwrap());
        let found: Vec<JobId> = leased.iter().map(|leased| leased.job.id).collect();
        let expected: Vec<JobId> = due.into_iter().map(|(_, id)| id).collect();
        self.check(&found, &expected);
        for leased in leased {
            let until = self.now + LEASE;
            let job = self.jobs.get_mut(&leased.job.id).unwrap();
            job.state = JobState::Leased;
            job.attempt += 1;
            job.lease = Some((leased.lease, until, worker));
            let expected = job.attempt;
            self.check(&leased.job.attempt, &expected);
            self.held[worker].push(leased.lease);
        }
    }

    /// Whether the lease is the one that the job is held by.
    fn holds(&self, lease: Lease) -> bool {
        let job = &self.jobs[&lease.job];
        job.lease.is_some_and(|(held, ..)| held == lease)
    }

    async fn settle(&mut self, store: &Store, worker: usize, dice: u64) {
        let all = self.held[worker].clone();
        // Mostly the newest, sometimes one that was lost long ago.
        let newest = all.last().copied();
        let lease = if self.below(3) == 0 {
            self.one_of(&all)
        } else {
            newest
        };
        let Some(lease) = lease else { return };
        let now = self.now;
        let held = self.holds(lease);
        let later = now + TimeDelta::seconds(self.below(40).try_into().unwrap());
        match dice {
            74..80 => {
                let said = store.heartbeat(lease, now).await.unwrap();
                let job = self.jobs.get_mut(&lease.job).unwrap();
                let expected = match (held, job.cancel) {
                    (false, _) => Heartbeat::Lost,
                    (true, true) => Heartbeat::CancelRequested,
                    (true, false) => Heartbeat::Held,
                };
                if held {
                    job.lease = job.lease.map(|(lease, _, of)| (lease, now + LEASE, of));
                }
                self.check(&said, &expected);
            }
            80..90 => {
                let next = self.new_job();
                let next = NewJob {
                    dedupe_key: Some(format!("effect of {}", lease.job)),
                    ..next
                };
                let said = store
                    .finish_job(lease, std::slice::from_ref(&next), now)
                    .await;
                self.check(&said.unwrap(), &held);
                if held {
                    self.end(lease.job, JobState::Done);
                    *self.effects.entry(lease.job).or_default() += 1;
                    let id = store.enqueue(&next, now).await.unwrap();
                    // The same key: this is the one that the end enqueued.
                    self.add(id, next);
                }
            }
            90..94 => {
                let said = store.retry_job_at(lease, later, "again", now).await;
                self.check(&said.unwrap(), &held);
                if held {
                    self.put_back(lease.job, later, 0);
                    let job = &self.jobs[&lease.job];
                    if job.state == JobState::Ready && job.attempt >= job.max_attempts {
                        self.end(lease.job, JobState::Dead);
                    }
                }
            }
            94..96 => {
                let said = store.postpone_job(lease, later, "unavailable", now).await;
                self.check(&said.unwrap(), &held);
                if held {
                    self.put_back(lease.job, later, 1);
                }
            }
            96..98 => {
                let said = store.release_job(lease, now).await.unwrap();
                self.check(&said, &held);
                if held {
                    self.put_back(lease.job, now, 1);
                }
            }
            _ => {
                let said = store.dead_letter_job(lease, "no", now).await.unwrap();
                self.check(&said, &held);
                if held {
                    self.end(lease.job, JobState::Dead);
                }
            }
        }
    }

    fn put_back(&mut self, id: JobId, run_at: DateTime<Utc>, given_back: i64) {
        let job = self.jobs.get_mut(&id).unwrap();
        job.lease = None;
        job.run_at = run_at;
        job.attempt -= given_back;
        job.state = if job.cancel {
            JobState::Cancelled
        } else {
            JobState::Ready
        };
    }

    fn end(&mut self, id: JobId, state: JobState) {
        let job = self.jobs.get_mut(&id).unwrap();
        job.lease = None;
        job.state = state;
    }

    async fn reap(&mut self, store: &Store) {
        let reaped = store.reap_jobs(None, self.now).await.unwrap();
        let now = self.now;
        let expected = self.abandon(|until, _| until <= now);
        self.check(&(reaped.returned, reaped.dead, reaped.cancelled), &expected);
    }

    async fn take_back(&mut self, store: &Store, worker: usize) {
        let reaped = store
            .take_back_jobs(holder(worker), self.now)
            .await
            .unwrap();
        let expected = self.abandon(|_, of| of == worker);
        self.check(&(reaped.returned, reaped.dead, reaped.cancelled), &expected);
    }

    fn abandon(&mut self, which: impl Fn(DateTime<Utc>, usize) -> bool) -> (u64, u64, u64) {
        let mut counts = (0, 0, 0);
        for job in self.jobs.values_mut() {
            let Some((_, until, of)) = job.lease else {
                continue;
            };
            if !which(until, of) {
                continue;
            }
            job.lease = None;
            job.crashes += 1;
            job.run_at = self.now;
            let used_up = job.crashes >= MAX_CRASHES || job.attempt >= job.max_attempts;
            (job.state, counts) = match (job.cancel, used_up) {
                (true, _) => (JobState::Cancelled, (counts.0, counts.1, counts.2 + 1)),
                (_, true) => (JobState::Dead, (counts.0, counts.1 + 1, counts.2)),
                _ => (JobState::Ready, (counts.0 + 1, counts.1, counts.2)),
            };
        }
        counts
    }

    async fn cancel(&mut self, store: &Store) {
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        let Some(id) = self.one_of(&ids) else { return };
        let said = store.cancel_job(id, None, self.now).await.unwrap();
        let job = self.jobs.get_mut(&id).unwrap();
        let expected = match job.state {
            JobState::Ready => {
                job.state = JobState::Cancelled;
                CancelOutcome::Cancelled
            }
            JobState::Leased => {
                job.cancel = true;
                CancelOutcome::Requested
            }
            ended => CancelOutcome::Ended(ended),
        };
        self.check(&said, &Some(expected));
    }

    async fn revive(&mut self, store: &Store) {
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        let Some(id) = self.one_of(&ids) else { return };
        let said = store.revive_job(id, self.now).await;
        let job = self.jobs[&id].clone();
        let revivable = matches!(job.state, JobState::Dead | JobState::Cancelled)
            && self.live_with(job.key.as_ref()).is_none();
        self.check(&said.is_ok(), &revivable);
        if revivable {
            let run_at = self.now;
            let job = self.jobs.get_mut(&id).unwrap();
            (job.state, job.attempt, job.crashes) = (JobState::Ready, 0, 0);
            (job.run_at, job.cancel) = (run_at, false);
        }
    }

    /// Ends everything, as patient workers would.
    async fn drain(&mut self, store: &Store) {
        self.now += LEASE + TimeDelta::seconds(60);
        self.reap(store).await;
        for lane in Lane::ALL {
            let claim = Claim {
                holder: holder(0),
                lane,
                limit: 1_000,
            };
            for leased in store.claim_jobs(claim, self.now).await.unwrap() {
                let ended = store.finish_job(leased.lease, &[], self.now).await.unwrap();
                self.check(&ended, &true);
                self.jobs.get_mut(&leased.job.id).unwrap().attempt += 1;
                self.end(leased.job.id, JobState::Done);
                *self.effects.entry(leased.job.id).or_default() += 1;
            }
        }
    }

    async fn compare(&self, store: &Store) {
        for (id, expected) in &self.jobs {
            let found = store.job(*id, None).await.unwrap().expect("no job is lost");
            let shown = (found.state, found.attempt, found.crashes, found.run_at);
            let model = (
                expected.state,
                expected.attempt,
                expected.crashes,
                expected.run_at,
            );
            self.check(&shown, &model);
            assert!(found.state.is_ended(), "seed {}: {id} is live", self.seed);
            let effects = self.effects.get(id).copied().unwrap_or(0);
            let done = u32::from(found.state == JobState::Done);
            self.check(&effects, &done);
        }
        let live = store.live_jobs(JobKind::Cleanup).await.unwrap();
        self.check(&live, &0);
    }
}

fn holder(worker: usize) -> Uuid {
    Uuid::from_u128(worker as u128 + 1)
}
