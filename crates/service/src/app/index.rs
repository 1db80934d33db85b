//! Opens the index that the configuration names: a Qdrant server with `QDRANT_URL`, else the engine
//! inside this process.

use super::DataFolder;
use crate::config::Config;
use crate::indexing::{open_index, open_server_index};
use ragd_core::clock::Clock;
use ragd_core::error::Result;
use ragd_index::{EdgeSettings, Index, ServerAddress, ServerSettings, VectorSpace};
use ragd_store::Store;
use std::time::Duration;

/// Opens the index for vectors of `space`.
///
/// # Errors
/// As [`open_index`] and [`open_server_index`].
pub(super) async fn open_configured_index(
    config: &Config,
    folder: &DataFolder,
    space: Option<VectorSpace>,
    store: &Store,
    clock: &Clock,
) -> Result<Index> {
    let settings = &config.index;
    let Some(url) = &settings.qdrant_url else {
        let path = folder.vectors().to_owned();
        return open_index(EdgeSettings { path, space }).await;
    };
    let settings = ServerSettings {
        address: ServerAddress::parse(url)?,
        api_key: settings.qdrant_api_key.clone(),
        timeout: Duration::from_secs(settings.qdrant_timeout_seconds),
        prefix: settings.qdrant_prefix.clone(),
        space,
    };
    open_server_index(settings, store.clone(), clock.clone()).await
}
