//! The command line of this benchmark.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Measures the embedded index at scale.
#[derive(Debug, Parser)]
pub struct Args {
    /// How many passages.
    #[arg(long, default_value_t = 100_000)]
    pub passages: u64,
    /// How many questions are timed.
    #[arg(long, default_value_t = 1_000)]
    pub questions: u64,
    /// How many of them are compared with exact answers.
    #[arg(long, default_value_t = 200)]
    pub compared: u64,
    /// Where the index is built; absent: a temporary folder. One that is there already is reused.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// A judged collection in BEIR form whose texts, with vectors of the local model, are mixed in;
    /// its questions are compared with exact answers as well. May be given more than once.
    #[arg(long)]
    pub real: Vec<PathBuf>,
    /// Only this phase.
    #[arg(long)]
    pub phase: Option<Phase>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    pub bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Phase {
    /// Fills and optimises an index.
    Build,
    /// Reopens it, times questions, compares them with exact answers.
    Search,
    /// The whole application with a database of as many passages, over a socket.
    Http,
}

impl Phase {
    pub const ALL: [Self; 3] = [Self::Build, Self::Search, Self::Http];

    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Search => "search",
            Self::Http => "http",
        }
    }
}
