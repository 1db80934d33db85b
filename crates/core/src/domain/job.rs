//! A job: durable work in one of three lanes. What its states and outcomes mean; its rows belong to
//! the store, the loops that run it to the job service.

use super::{DocumentId, JobId, MessageId, OwnerId, RoomId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

/// Which queue a job waits in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[strum(serialize_all = "snake_case")]
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
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Its place in [`Lane::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::HighPriority => 0,
            Self::Default => 1,
            Self::LowPriority => 2,
        }
    }
}

/// Where a job stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, strum::IntoStaticStr, strum::EnumString,
)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for a worker, perhaps until a certain time.
    Ready,
    /// A worker holds it.
    Leased,
    /// It is done.
    Done,
    /// It failed permanently: a dead letter.
    Dead,
    /// It was cancelled.
    Cancelled,
}

impl JobState {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether nothing will happen to it any more by itself.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Dead | Self::Cancelled)
    }
}

/// What a job does.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Makes one generation of a document.
    Ingest,
    /// Makes a message findable.
    Message,
    /// Summarises old messages of a room.
    Summary,
    /// The daily clean-up of unused sessions, and of jobs that ended long ago.
    Cleanup,
}

impl JobKind {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What a job does, and about what. It names rows and never carries private text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobPayload {
    /// Makes one generation of a document.
    Ingest(IngestPayload),
    /// Makes a message findable.
    Message(MessageId),
    /// Summarises old messages of a room.
    Summary(RoomId),
    /// The daily clean-up.
    Cleanup,
    /// A stored job that does not say what its kind has to know. It fails when it is tried, so that
    /// it does not hold up the others.
    Malformed {
        /// Its kind.
        kind: JobKind,
        /// What it is about, as far as it says.
        subject: Option<Uuid>,
    },
}

/// What an ingest has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestPayload {
    /// The document.
    pub document: DocumentId,
    /// The generation to make.
    pub generation: i64,
    /// Whether pictures are read; `None`: as the settings say.
    pub ocr: Option<bool>,
}

/// What of an [`IngestPayload`] is stored as JSON; the document is a column of its own.
#[derive(Serialize, Deserialize)]
struct StoredIngest {
    generation: i64,
    ocr: Option<bool>,
}

impl JobPayload {
    /// The kind alone.
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Ingest(_) => JobKind::Ingest,
            Self::Message(_) => JobKind::Message,
            Self::Summary(_) => JobKind::Summary,
            Self::Cleanup => JobKind::Cleanup,
            Self::Malformed { kind, .. } => *kind,
        }
    }

    /// The id of the document, message or room that it is about.
    pub const fn subject(&self) -> Option<Uuid> {
        match self {
            Self::Ingest(ingest) => Some(ingest.document.uuid()),
            Self::Message(message) => Some(message.uuid()),
            Self::Summary(room) => Some(room.uuid()),
            Self::Cleanup => None,
            Self::Malformed { subject, .. } => *subject,
        }
    }

    /// What is stored beside kind and subject: a JSON object, or null where there is nothing more.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Ingest(ingest) => serde_json::json!(StoredIngest {
                generation: ingest.generation,
                ocr: ingest.ocr,
            }),
            _ => serde_json::Value::Null,
        }
    }

    /// Reads what was stored: see [`JobPayload::to_json`].
    pub fn from_stored(kind: JobKind, subject: Option<Uuid>, json: serde_json::Value) -> Self {
        let payload = match kind {
            JobKind::Ingest => subject.and_then(|subject| {
                let stored: StoredIngest = serde_json::from_value(json).ok()?;
                Some(Self::Ingest(IngestPayload {
                    document: DocumentId::from_uuid(subject),
                    generation: stored.generation,
                    ocr: stored.ocr,
                }))
            }),
            JobKind::Message => subject.map(MessageId::from_uuid).map(Self::Message),
            JobKind::Summary => subject.map(RoomId::from_uuid).map(Self::Summary),
            JobKind::Cleanup => Some(Self::Cleanup),
        };
        payload.unwrap_or(Self::Malformed { kind, subject })
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
    pub payload: JobPayload,
    /// Where it waits.
    pub lane: Lane,
    /// The earliest time to begin; `None`: at once.
    pub run_at: Option<DateTime<Utc>>,
    /// How many tries it has, at least 1.
    pub max_attempts: i64,
    /// While a job with this key is ready or leased, another one is not enqueued.
    pub dedupe_key: Option<String>,
}

/// A job as stored.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Who may see it.
    pub owner: OwnerId,
    /// What it does.
    pub payload: JobPayload,
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
    /// Whether it is to be cancelled as soon as its worker learns of it.
    pub cancel_requested: bool,
    /// How far it has come.
    pub progress: JobProgress,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Since when it waits for something unavailable.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// When its first try began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// The right to work on a job and to change it: a later claim makes it void.
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
    /// It was superseded: what it is about is gone, or a later job does the same.
    Cancelled,
    /// It may succeed later: the usual wait.
    Retry(String),
    /// It may succeed after this time.
    RetryAfter(Duration, String),
    /// Something that it needs is unavailable; no try is used up.
    Outage(String),
    /// It will never succeed.
    Fail(String),
    /// The lease was lost: somebody else has the job now.
    Lost,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> Uuid {
        Uuid::from_u128(7)
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let ingest = |ocr| IngestPayload {
            document: DocumentId::from_uuid(id()),
            generation: 3,
            ocr,
        };
        for (payload, stored) in [
            (
                JobPayload::Ingest(ingest(None)),
                r#"{"generation":3,"ocr":null}"#,
            ),
            (
                JobPayload::Ingest(ingest(Some(true))),
                r#"{"generation":3,"ocr":true}"#,
            ),
            (JobPayload::Message(MessageId::from_uuid(id())), "null"),
            (JobPayload::Summary(RoomId::from_uuid(id())), "null"),
            (JobPayload::Cleanup, "null"),
        ] {
            assert_eq!(payload.to_json().to_string(), stored);
            let (kind, subject) = (payload.kind(), payload.subject());
            let read = JobPayload::from_stored(kind, subject, payload.to_json());
            assert_eq!(read, payload);
        }
    }

    #[test]
    fn a_row_that_lacks_something_is_malformed() {
        let json = || serde_json::json!({ "generation": "three" });
        for (kind, subject) in [
            (JobKind::Ingest, Some(id())),
            (JobKind::Ingest, None),
            (JobKind::Message, None),
            (JobKind::Summary, None),
        ] {
            let read = JobPayload::from_stored(kind, subject, json());
            assert_eq!(read, JobPayload::Malformed { kind, subject });
        }
    }
}
