//! The embedded index, over a folder. It runs the blocking engine on blocking threads, bounds how
//! much of it runs at once, and switches from one build to the next. It refuses a folder that
//! another process uses, and one that was built for another model.

mod engine;
mod error;
mod filter;
mod folder;
mod optimizer;
mod rebuild;
mod search;
mod settings;
mod shard;

pub use engine::Edge;
pub use rebuild::EdgeRebuild;
pub use settings::EdgeSettings;
