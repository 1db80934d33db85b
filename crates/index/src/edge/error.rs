//! Errors of the embedded engine as errors of ragd.

use qdrant_edge::OperationError;
use ragd_core::error::Error;

/// The engine's error: `Invalid` for a request that it refuses, else `Internal`.
pub(super) fn engine_error(error: OperationError) -> Error {
    match error {
        OperationError::ValidationError { .. } | OperationError::WrongVectorDimension { .. } => {
            Error::invalid(format!("index: {error}"))
        }
        error => Error::internal("the index's engine failed").with_source(error),
    }
}
