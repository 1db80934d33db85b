//! The model that makes vectors.

use super::Faults;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where vectors come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingProvider {
    /// The model in this process.
    Local,
    /// Nowhere: retrieval by words alone, on purpose.
    Off,
}

/// Section `embedding`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    /// Where vectors come from.
    pub provider: EmbeddingProvider,
    /// The model's name.
    pub model: String,
    /// The model's own folder; absent: the folder of its name in `models_path`.
    #[serde(default)]
    pub model_path: Option<PathBuf>,
    /// The folder of models; absent: the user's cache folder.
    #[serde(default)]
    pub models_path: Option<PathBuf>,
    /// How many threads the model may use; 0: one a core.
    pub threads: usize,
}

impl EmbeddingConfig {
    /// The models that this version can run.
    pub const MODELS: [&'static str; 1] = ["all-MiniLM-L6-v2"];

    pub(super) fn check(&self, faults: &mut Faults) {
        faults.require(
            Self::MODELS.contains(&self.model.as_str()),
            "embedding.model (EMBEDDING_MODEL)",
            format_args!("'{}' is not one of {}", self.model, Self::MODELS.join(", ")),
        );
    }
}
