//! Opens the index at start. An embedded index that cannot be read, or that was made for another
//! model, is replaced, because SQL holds everything that it held. A server that does not answer does
//! not keep ragd from starting.

use super::ledger::SqlLedger;
use futures_util::future::BoxFuture;
use ragd_core::clock::Clock;
use ragd_core::error::{Error, Result};
use ragd_index::{
    CODE_CORRUPT, CODE_MISMATCH, CODE_MISSING, DEFAULT_AVERAGE_TERMS, EdgeSettings, Index,
    ServerSettings,
};
use ragd_store::Store;
use std::sync::Arc;
use std::time::Duration;

/// How long a start waits for the server at most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens the embedded index, or replaces it by an empty one, which the follower fills.
///
/// # Errors
/// `Conflict` when another process has it open; `Internal` when the folder cannot be written.
pub fn open_index(settings: EdgeSettings) -> BoxFuture<'static, Result<Index>> {
    Box::pin(async move {
        match Index::open(settings.clone()).await {
            Err(error) if is_replaceable(&error) => {
                tracing::warn!(
                    reason = error.chain(),
                    "the index is rebuilt from the database"
                );
                Index::recreate(settings, DEFAULT_AVERAGE_TERMS).await
            }
            opened => opened,
        }
    })
}

/// Opens the index on a server, with its ledger in `store`. A server that does not answer is logged;
/// the follower tries again.
///
/// # Errors
/// `Invalid` when the settings cannot be used; `Conflict` when the ledger has another model under
/// this one's name; `Unavailable` without a database.
pub fn open_server_index(
    settings: ServerSettings,
    store: Store,
    clock: Clock,
) -> BoxFuture<'static, Result<Index>> {
    Box::pin(async move {
        let address = settings.address.clone();
        if settings.api_key.is_some() && address.is_exposed() {
            tracing::warn!("QDRANT_API_KEY is sent without encryption: QDRANT_URL is not https");
        }
        let ledger = SqlLedger::new(store, clock, settings.timeout);
        let index = Index::connect(settings, Arc::new(ledger)).await?;
        match tokio::time::timeout(CONNECT_TIMEOUT, index.check()).await {
            Ok(Ok(_)) => tracing::info!("the index is on the Qdrant server at {address}"),
            Ok(Err(error)) => tracing::error!(
                error = error.chain(),
                "Failed to connect to Qdrant; ragd goes on and tries again"
            ),
            Err(_) => tracing::error!(
                error = "no answer yet",
                "Failed to connect to Qdrant at {address}; ragd goes on and tries again"
            ),
        }
        Ok(index)
    })
}

/// Whether only a rebuild solves this error.
pub(super) fn is_replaceable(error: &Error) -> bool {
    [CODE_CORRUPT, CODE_MISMATCH, CODE_MISSING].contains(&error.code())
}
