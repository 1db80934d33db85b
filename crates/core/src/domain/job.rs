//! A job: durable work in one of three lanes. What its states and decisions mean; the rows are the
//! store's, the loops that run it those of the room `jobs`.

use super::{JobId, OwnerId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// Which queue a job waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Short work that somebody waits for.
    HighPriority,
    /// Ingest.
    Default,
    /// Clean-up, summaries, reports.
    LowPriority,
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Self; 3] = [Self::HighPriority, Self::Default, Self::LowPriority];

    /// The word stored, configured and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HighPriority => "high_priority",
            Self::Default => "default",
            Self::LowPriority => "low_priority",
        }
    }

    /// Its place in [`Lane::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::HighPriority => 0,
            Self::Default => 1,
            Self::LowPriority => 2,
        }
    }

    /// Reads the stored word; `None` for another.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == word)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for a worker, perhaps until a certain time.
    Ready,
    /// A worker holds it.
    Leased,
    /// It is done.
    Done,
    /// It failed for good: a dead letter.
    Dead,
    /// It was called off.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Ready,
        Self::Leased,
        Self::Done,
        Self::Dead,
        Self::Cancelled,
    ];

    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Leased => "leased",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the stored word; `None` for another.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing will happen to it any more by itself.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Dead | Self::Cancelled)
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Makes one generation of a document: see [`IngestPayload`].
    Ingest,
    /// Makes a message findable; its subject is the message.
    Message,
    /// Sums up old messages of a room; its subject is the room.
    Summary,
    /// The daily clean-up of rooms that nobody uses, and of jobs that ended long ago.
    Cleanup,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Message, Self::Summary, Self::Cleanup];

    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Message => "message",
            Self::Summary => "summary",
            Self::Cleanup => "cleanup",
        }
    }

    /// Reads the stored word; `None` for another.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobProgress {
    /// The stage: `queued` at first, `done` at the end, between them the kind's own.
    pub stage: String,
    /// How much of the stage is done, in its own unit.
    pub done: i64,
    /// How much there is.
    pub total: i64,
}

impl JobProgress {
    /// `done` of `total` of a stage.
    pub fn of(stage: &str, done: i64, total: i64) -> Self {
        Self {
            stage: stage.to_owned(),
            done,
            total,
        }
    }
}

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Who may see it.
    pub owner: OwnerId,
    /// What it does.
    pub kind: JobKind,
    /// What it is about: a document, a message, a room.
    pub subject: Option<Uuid>,
    /// What its kind needs to know. It names rows and never carries private text.
    pub payload: serde_json::Value,
    /// Where it waits.
    pub lane: Lane,
    /// The earliest time to begin; `None`: at once.
    pub run_at: Option<DateTime<Utc>>,
    /// How many tries it has, at least 1.
    pub max_attempts: i64,
    /// While a job with this key is ready or leased, another one is not enqueued.
    pub dedupe_key: Option<String>,
}

/// What an ingest job has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestPayload {
    /// The generation to make.
    pub generation: i64,
    /// Whether pictures are read; `None`: as the settings say.
    pub ocr: Option<bool>,
}

/// A job as stored.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Who may see it.
    pub owner: OwnerId,
    /// What it does.
    pub kind: JobKind,
    /// What it is about.
    pub subject: Option<Uuid>,
    /// See [`NewJob::payload`].
    pub payload: serde_json::Value,
    /// Where it waits.
    pub lane: Lane,
    /// The earliest time of its next try.
    pub run_at: DateTime<Utc>,
    /// Where it stands.
    pub state: JobState,
    /// Which try this is; 0 before the first.
    pub attempt: i64,
    /// How many tries it has.
    pub max_attempts: i64,
    /// How many tries ended with their worker instead of by themselves.
    pub crashes: i64,
    /// Whether it is to be called off as soon as its worker hears of it.
    pub cancel_requested: bool,
    /// How far it has come.
    pub progress: JobProgress,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Since when it waits for something that is down.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// When its first try began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// The right to work on a job and to change it: whoever was given a later one makes it void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Drawn afresh at each claim.
    pub token: Uuid,
}

/// A job with the right to work on it.
#[derive(Debug, Clone)]
pub struct LeasedJob {
    /// The job.
    pub job: Job,
    /// The right.
    pub lease: Lease,
}

/// What a try came to, as its handler decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// It is done.
    Done,
    /// The handler has ended the job itself, together with its effects.
    Settled,
    /// It was overtaken: what it is about is gone, or a later job does the same.
    Cancelled,
    /// It may succeed later: the usual wait.
    Retry(String),
    /// It may succeed after this time.
    RetryAfter(Duration, String),
    /// Something that it needs is down; no try is used up.
    Outage(String),
    /// It will never succeed.
    Fail(String),
    /// The lease was lost: somebody else has the job now.
    Lost,
}
