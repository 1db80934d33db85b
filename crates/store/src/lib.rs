//! All SQL of ragd, on SQLite or Postgres with one behaviour. Text, vectors and everything else
//! that must not be lost live here; domain types go in and out, rows stay inside. Knows no keys
//! (private text comes and goes as sealed bytes), no indexes and no time (it is passed in).

mod accept;
mod admin;
mod audit;
mod bind;
mod change_log;
mod commit;
mod conversations;
mod db;
mod document_rows;
mod documents;
mod embedding_models;
mod embeddings;
mod fault;
mod feedback;
mod index_targets;
mod jobs;
mod keyring;
mod keyset;
mod message_passages;
mod messages;
mod migrate;
mod notify;
mod overrides;
mod param;
mod passage_rows;
mod passages;
mod room_list;
mod rooms;
mod session_cleanup;
mod sessions;
mod settings;
mod sql;
mod statement;
mod store;
mod summaries;
mod tx;
mod users;
mod vacuum;
mod vectors;

pub use accept::{Accepted, Enqueued, NewDocument};
pub use admin::{AdminCounts, PassageStatistics};
pub use change_log::{Change, ChangeOp, Subject};
pub use commit::{CommitOutcome, GenerationCommit};
pub use document_rows::{Generation, PendingVersion};
pub use documents::{DocumentFilter, WriteScope};
pub use embedding_models::{EmbeddingModel, ModelRole};
pub use embeddings::WaitingVector;
pub use feedback::{SealedFeedback, SealedTurn};
pub use index_targets::{IndexStep, IndexTarget, LeaseClaim};
pub use jobs::{
    CancelOutcome, Claim, Heartbeat, JobFilter, LEASE_TIME, LaneCounts, MAX_CRASHES, Reaped,
};
pub use keyring::KeyringEntry;
pub use message_passages::{MESSAGE_GENERATION, MessageOutcome, MessagePlace};
pub use messages::SealedMessage;
pub use migrate::MigrationStatus;
pub use overrides::Override;
pub use passages::{DocumentLabel, StoredPassage};
pub use room_list::CountedRoom;
pub use session_cleanup::{SessionCleanup, SessionRecord};
pub use sessions::{NewSession, SessionCap, SessionCaps, SessionOutcome, SessionUse};
pub use settings::{DatabaseSettings, DatabaseUrl};
pub use store::Store;
pub use summaries::{LiveTail, NewSummary};
pub use users::User;
pub use vacuum::Vacuumed;
