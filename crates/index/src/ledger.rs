//! What an index on a server must have recorded durably elsewhere: which build serves, how far it
//! has followed, and who may write. This room asks for it through [`Ledger`]; the database behind it
//! is somebody else's.

use super::{Position, VectorSpace};
use futures_util::future::BoxFuture;
use ragd_core::error::Result;
use uuid::Uuid;

/// The machine-readable code of an error that says that another process has the right to write.
pub const CODE_ELSEWHERE: &str = "index_followed_elsewhere";

/// A place in the ledger: the passages of one database as vectors of one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name; also the alias under which the serving build is asked.
    pub name: String,
    /// The space of its dense vectors; `None`: words alone.
    pub space: Option<VectorSpace>,
}

/// What was ever added to a build: replacements count again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// Passages.
    pub passages: u64,
    /// The terms of these passages.
    pub terms: u64,
}

/// A build as the ledger has it.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildRecord {
    /// Its number; 0: there has been none yet.
    pub build: u64,
    /// Up to where in the change log it holds everything durably.
    pub sequence: i64,
    /// What its terms were made with.
    pub terms_version: String,
    /// The terms of a passage, on average, that its BM25 weights are made for.
    pub average_terms: f32,
    /// What was added to it.
    pub added: Added,
}

/// A target as the ledger has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Marks what on the server belongs to this database.
    pub instance: Uuid,
    /// The build that serves.
    pub record: BuildRecord,
}

/// Whether the right to write was there all the time.
#[derive(Debug, Clone, PartialEq)]
pub enum Hold {
    /// It was: nobody else can have written meanwhile.
    Kept,
    /// It was taken just now, and this is how things stand.
    Taken(Standing),
}

/// The durable record beside a server's index.
///
/// The right to write is a lease on a target that one holder has at a time. Every change of the
/// record names the position it starts from and is refused when the record is elsewhere or the lease
/// is another's, so that a holder who has lost it changes nothing.
pub trait Ledger: std::fmt::Debug + Send + Sync {
    /// How `target` stands; `None` before it was first claimed.
    fn read<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Option<Standing>>>;

    /// Takes the lease; `None` while another has it.
    fn claim<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Option<Standing>>>;

    /// Makes sure that the lease lasts longer than any one request to the server; takes it when
    /// this process has none. An error with code [`CODE_ELSEWHERE`] when another has it, or had it
    /// since this process last looked.
    fn hold<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Hold>>;

    /// Gives the lease back.
    fn release<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<()>>;

    /// A number that no build of any target has had.
    fn next_build<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<u64>>;

    /// Moves the position to `to`, a sequence number and what was added on the way; false when it
    /// is not `from`, or the lease is another's.
    fn advance<'a>(
        &'a self,
        target: &'a Target,
        from: Position,
        to: (i64, Added),
    ) -> BoxFuture<'a, Result<bool>>;

    /// Puts `record` in the place of build `from`; false when another build serves by now, or the
    /// lease is another's.
    fn serve<'a>(
        &'a self,
        target: &'a Target,
        from: u64,
        record: BuildRecord,
    ) -> BoxFuture<'a, Result<bool>>;
}

impl BuildRecord {
    /// Where the build stands.
    pub fn position(&self) -> Position {
        Position {
            build: self.build,
            sequence: self.sequence,
        }
    }
}
