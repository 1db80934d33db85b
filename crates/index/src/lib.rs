//! The index: finds passages by keywords (BM25) and by vectors (cosine), and returns how well each
//! fits. It owns vectors, filters and the follower's position, and nothing else: no text, no SQL,
//! no fusion of the two scores. It follows SQL, so everything in it can be deleted and rebuilt.

mod completion;
mod condition;
mod edge;
mod error;
mod exact;
mod index;
mod languages;
mod ledger;
mod payload;
mod point;
mod query;
mod server;
mod shape;
mod space;
mod status;
mod sync;
mod term_counts;
mod terms;
mod unicode;

pub use edge::{Edge, EdgeRebuild, EdgeSettings};
pub use error::{CODE_CORRUPT, CODE_MISMATCH, CODE_MISSING, CODE_MOVED};
pub use index::{Index, Rebuild};
pub use ledger::{Added, BuildRecord, CODE_FOLLOWED_ELSEWHERE, Lease, Ledger, Target, TargetState};
pub use point::{Point, Selector};
pub use query::{Candidates, IndexFilter, Query, QueryVector, Scored, ScoredCandidates, Scores};
pub use server::{CODE_UNREACHABLE, Server, ServerAddress, ServerRebuild, ServerSettings};
pub use space::VectorSpace;
pub use status::{Health, Position};
pub use term_counts::TermCounts;
pub use terms::{DEFAULT_AVERAGE_TERMS, TermCounter};
