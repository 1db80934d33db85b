//! Another embedding model than the configured one, as a request or a command line names it.

use super::sections::SECTIONS;
use super::{Config, EmbeddingConfig, EmbeddingProvider, Faults};
use ragd_core::error::Result;

/// What is wanted instead of the configured model; what is `None` stays as it is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbeddingWish {
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
    /// The section `embedding` with what `wish` says instead. The configured model and dimension
    /// are those of the configured provider, so another provider does not take them over; nor does
    /// it take over that one's address.
    ///
    /// # Errors
    /// `Invalid` that lists every fault, as for a configuration.
    pub fn embedding_wished(&self, wish: &EmbeddingWish) -> Result<EmbeddingConfig> {
        let mut section = self.embedding.clone();
        if let Some(provider) = wish.provider
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
        if wish.model.is_some() && wish.model != section.model {
            section.dimension = 0;
        }
        section.model = wish.model.clone().or(section.model);
        section.dimension = wish.dimension.unwrap_or(section.dimension);
        section.base_url = wish.base_url.clone().or(section.base_url);
        let mut faults = Faults::new(SECTIONS);
        section.check_values(&mut faults);
        section.check(&self.llm, &mut faults);
        faults.finish()?;
        Ok(section)
    }
}
