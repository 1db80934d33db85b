//! Another model: refused at start while the stored vectors are of the former one, made beside it
//! under questions and ingest, taken up again after a kill, and an endpoint that goes and comes.

mod blue_green;
mod start;
mod world;

use std::time::Duration;

/// How long the vectors of a test's passages may take.
const PATIENCE: Duration = Duration::from_secs(120);
