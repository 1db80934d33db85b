//! Opens the index at start, whatever is there: an index that cannot be read, or that was made for
//! another model, is thrown away, because SQL holds everything that it held.

use crate::error::{Error, Result};
use crate::index::{CODE_CORRUPT, CODE_MISMATCH, DEFAULT_AVERAGE_TERMS, EdgeSettings, Index};

/// Opens the embedded index, or begins an empty one in its place; the follower then fills it.
///
/// # Errors
/// `Conflict` when another process has it open; `Internal` when the folder cannot be written.
pub async fn open_index(settings: EdgeSettings) -> Result<Index> {
    match Index::open(settings.clone()).await {
        Err(error) if is_replaceable(&error) => {
            tracing::warn!(
                reason = error.chain(),
                "the index is made anew from the database"
            );
            Index::recreate(settings, DEFAULT_AVERAGE_TERMS).await
        }
        opened => opened,
    }
}

fn is_replaceable(error: &Error) -> bool {
    [CODE_CORRUPT, CODE_MISMATCH].contains(&error.code())
}
