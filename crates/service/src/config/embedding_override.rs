//! Parts of the section `embedding` that a request or a command line replaces.

use super::sections::SECTIONS;
use super::{Config, EmbeddingConfig, EmbeddingProvider, Faults};
use ragd_core::error::Result;

/// What replaces the configured values; `None` keeps the configured one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddingOverride {
    /// Who makes the vectors.
    pub provider: Option<EmbeddingProvider>,
    /// The model's name.
    pub model: Option<String>,
    /// How many numbers a vector must have; 0: as many as the model gives.
    pub dimension: Option<usize>,
    /// Where the provider's API begins.
    pub base_url: Option<String>,
}

impl Config {
    /// The section `embedding` with the values of `change`. The configured model, dimension and address
    /// belong to the configured provider, so another provider does not inherit them.
    ///
    /// # Errors
    /// `Invalid` that lists every fault, as for a configuration.
    pub fn embedding_with(&self, change: &EmbeddingOverride) -> Result<EmbeddingConfig> {
        let mut section = self.embedding.clone();
        if let Some(provider) = change.provider
            && provider != section.provider
        {
            let no_address_of_its_own = matches!(
                section.provider,
                EmbeddingProvider::Local | EmbeddingProvider::Off
            );
            section.base_url = section.base_url.filter(|_| no_address_of_its_own);
            section.provider = provider;
            section.model = None;
            section.dimension = 0;
        }
        if change.model.is_some() && change.model != section.model {
            section.dimension = 0;
        }
        section.model = change.model.clone().or(section.model);
        section.dimension = change.dimension.unwrap_or(section.dimension);
        section.base_url = change.base_url.clone().or(section.base_url);
        let mut faults = Faults::new(SECTIONS);
        section.check_values(&mut faults);
        section.check(&self.llm, &mut faults);
        faults.finish()?;
        Ok(section)
    }
}
