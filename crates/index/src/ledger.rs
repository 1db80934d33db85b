//! What an index on a server must have recorded durably outside of the server: which build serves,
//! its position in the change log, and which process may write. This crate defines the interface,
//! [`Ledger`]; the implementation over a database is in another crate.

use super::point::Point;
use super::space::VectorSpace;
use super::status::Position;
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use uuid::Uuid;

/// The machine-readable code of errors about a write lease that another process has.
pub const CODE_FOLLOWED_ELSEWHERE: &str = "index_followed_elsewhere";

/// An entry of the ledger: the index of one database's passages with vectors of one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name, which is also the alias of the serving build on the server.
    pub name: String,
    /// The space of its dense vectors; `None`: keywords only.
    pub space: Option<VectorSpace>,
}

/// Totals over everything that was ever added to a build; a replacement counts again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// The number of passages.
    pub passages: u64,
    /// The number of terms of these passages.
    pub terms: u64,
}

impl Added {
    /// Counts these points too.
    pub(super) fn count(&mut self, points: &[Point]) {
        self.passages += points.len() as u64;
        self.terms += points.iter().map(|p| p.terms.total() as u64).sum::<u64>();
    }

    /// The average number of terms of a passage; `None` before the first passage.
    pub(super) fn average_terms(self) -> Option<f32> {
        (self.passages > 0).then(|| (self.terms as f64 / self.passages as f64) as f32)
    }
}

/// The ledger's record of a build.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildRecord {
    /// Its number; 0 before the first build.
    pub build: u64,
    /// The sequence number of the change log up to which it is durably complete.
    pub sequence: i64,
    /// The version of the tokenisation of its terms.
    pub terms_version: String,
    /// The average number of terms of a passage that its BM25 weights are computed with.
    pub average_terms: f32,
    /// The totals of what was added to it.
    pub added: Added,
}

/// The ledger's record of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetState {
    /// Identifies the database; marks its collections on the server.
    pub instance: Uuid,
    /// The build that serves.
    pub record: BuildRecord,
}

/// How this process has the write lease of a target.
#[derive(Debug, Clone, PartialEq)]
pub enum Lease {
    /// It had it all the time: no other process can have written meanwhile.
    Held,
    /// It has acquired it just now; this is the current record of the target.
    Acquired(TargetState),
}

/// The durable record of an index on a server.
///
/// The write lease of a target belongs to one process at a time. Every change of the record names
/// the position it starts from and is refused when the record has another position or another
/// process has the lease, so that a process that has lost the lease changes nothing.
pub trait Ledger: std::fmt::Debug + Send + Sync {
    /// The record of `target`; `None` before it was first claimed.
    fn read<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Option<TargetState>>>;

    /// Acquires the lease; `None` while another process has it.
    fn claim<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Option<TargetState>>>;

    /// Makes sure that the lease lasts longer than any one request to the server: renews it, or
    /// acquires it when this process does not have it. An error with code
    /// [`CODE_FOLLOWED_ELSEWHERE`] when another process has it, or has had it since this process
    /// last checked.
    fn hold<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Lease>>;

    /// Releases the lease.
    fn release<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<()>>;

    /// A number that no build of any target has had.
    fn next_build<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<u64>>;

    /// Moves the position from `from` to `sequence` and adds `added` to the totals; false when the
    /// position is not `from`, or another process has the lease.
    fn advance<'a>(
        &'a self,
        target: &'a Target,
        from: Position,
        sequence: i64,
        added: Added,
    ) -> BoxFuture<'a, Result<bool>>;

    /// Replaces the record of build `from` by `record`; false when another build serves by now, or
    /// another process has the lease.
    fn serve<'a>(
        &'a self,
        target: &'a Target,
        from: u64,
        record: BuildRecord,
    ) -> BoxFuture<'a, Result<bool>>;
}

impl BuildRecord {
    /// The build's position in the change log.
    pub fn position(&self) -> Position {
        Position {
            build: self.build,
            sequence: self.sequence,
        }
    }
}
