//! The work that goes on in this process: what a client sees of it under `/api/jobs`. It is kept in
//! memory; what survives a crash is the document's row.

use crate::domain::{DocumentId, JobId, OwnerId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How many ended jobs are remembered.
const KEPT_JOBS: usize = 10_000;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for a place.
    Ready,
    /// It is being worked on.
    Leased,
    /// It is done.
    Done,
    /// It failed for good.
    Dead,
    /// It was cancelled.
    Cancelled,
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct JobProgress {
    /// `queued`, `extract`, `chunk`, `embed`, `commit`, `index` or `done`.
    pub stage: &'static str,
    /// How much of the stage is done: passages, or 0 and 1.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}

/// A job as `/api/jobs/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: &'static str,
    /// Its lane.
    pub lane: &'static str,
    /// Where it stands.
    pub state: JobState,
    /// How far it has come.
    pub progress: JobProgress,
    /// Which try this is.
    pub attempt: u32,
    /// How many tries it has.
    pub max_attempts: u32,
    /// How many tries ended with the process.
    pub crashes: u32,
    /// Why it failed.
    pub error: Option<String>,
    /// The document that it is about.
    pub document_id: DocumentId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    pub(super) owner: OwnerId,
}

/// The jobs of this process.
#[derive(Debug, Default)]
pub(super) struct Jobs(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    jobs: HashMap<JobId, watch::Sender<JobView>>,
    order: VecDeque<JobId>,
}

impl Jobs {
    pub(super) fn add(&self, owner: OwnerId, document: DocumentId, now: DateTime<Utc>) -> JobId {
        let id = JobId::new(now);
        let view = JobView {
            id,
            kind: "ingest",
            lane: "default",
            state: JobState::Ready,
            progress: JobProgress {
                stage: "queued",
                done: 0,
                total: 1,
            },
            attempt: 0,
            max_attempts: 1,
            crashes: 0,
            error: None,
            document_id: document,
            created_at: now,
            started_at: None,
            finished_at: None,
            owner,
        };
        let mut inner = self.lock();
        inner.jobs.insert(id, watch::Sender::new(view));
        inner.order.push_back(id);
        while inner.order.len() > KEPT_JOBS {
            let ended = |job: &watch::Sender<JobView>| job.borrow().finished_at.is_some();
            match inner.order.front().copied() {
                Some(oldest) if inner.jobs.get(&oldest).is_none_or(ended) => {
                    inner.jobs.remove(&oldest);
                    inner.order.pop_front();
                }
                _ => break,
            }
        }
        id
    }

    pub(super) fn update(&self, id: JobId, change: impl FnOnce(&mut JobView)) {
        if let Some(job) = self.lock().jobs.get(&id) {
            job.send_modify(change);
        }
    }

    pub(super) fn progress(&self, id: JobId, stage: &'static str, (done, total): (u64, u64)) {
        self.update(id, |job| job.progress = JobProgress { stage, done, total });
    }

    pub(super) fn view(&self, id: JobId) -> Option<JobView> {
        self.lock().jobs.get(&id).map(|job| job.borrow().clone())
    }

    pub(super) fn watch(&self, id: JobId) -> Option<watch::Receiver<JobView>> {
        self.lock().jobs.get(&id).map(watch::Sender::subscribe)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
