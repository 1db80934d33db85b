//! What a person should know when the application opens; the command line prints it.

use secrecy::SecretString;
use std::path::PathBuf;

/// Something that a person should know at the start, once.
#[derive(Debug)]
pub enum StartupNotice {
    /// A first API key was made.
    NewApiKey {
        /// The key.
        key: SecretString,
        /// The file that keeps it.
        path: PathBuf,
    },
    /// There is no embedding model: retrieval is by words alone.
    NoModel {
        /// Why, and what to run.
        reason: String,
    },
    /// The configuration names a model that another one has replaced.
    ModelReplaced(String),
}
