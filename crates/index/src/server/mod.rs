//! The index on a Qdrant server, over gRPC: searches use an alias, writes the collection of the
//! serving build. A process writes only while it has the lease that a
//! [`Ledger`](super::ledger::Ledger) keeps, together with the position in the change log.
//! Collections of another database on the same server are never touched.
//!
//! ```text
//! ragd-all-minilm-l6-v2-int8-2-384      the alias: one for each embedding model
//! ragd-all-minilm-l6-v2-int8-2-384-7    the collection of build 7
//! ```

mod address;
mod collection;
mod connection;
mod filter;
mod index;
mod points;
mod rebuild;
mod search;
mod settings;
mod shared;

pub use address::ServerAddress;
pub use connection::CODE_UNREACHABLE;
pub use index::Server;
pub use rebuild::ServerRebuild;
pub use settings::ServerSettings;
