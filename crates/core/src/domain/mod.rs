//! The domain of ragd as plain data: what a document, a passage, a room or a principal is. Parses
//! instead of validating: a value of one of these types is known to be good. No I/O, no SQL, no
//! HTTP, and no import from another layer.

mod audit;
mod collection;
mod conversation;
mod document;
mod file_name;
mod id;
mod job;
mod nickname;
mod page;
mod passage;
mod principal;
mod question;

pub use audit::{AuditRecord, AuditResult};
pub use collection::Collection;
pub use conversation::{Message, MessageStatus, Role, Room, RoomKind, SessionKey};
pub use document::{Document, DocumentStatus, Sha256};
pub use file_name::FileName;
pub use id::{
    AuditId, DocumentId, FeedbackId, JobId, MessageId, NicknameId, OwnerId, PassageId, RoomId,
};
pub use job::{
    IngestPayload, Job, JobKind, JobOutcome, JobPayload, JobProgress, JobState, Lane, Lease,
    LeasedJob, NewJob,
};
pub use nickname::Nickname;
pub use page::{Order, Page, PageRequest};
pub use passage::{Passage, PassageKind, PassageSource};
pub use principal::{Credential, Principal, ReadScope, Scope};
pub use question::{Question, SearchQuery, TopK};
