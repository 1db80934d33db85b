//! The machine-readable codes of the index's errors, and the error that both engines have in
//! common.

use ragd_core::error::{Error, ErrorKind};

/// The code of errors about a stored index that cannot be read.
pub const CODE_CORRUPT: &str = "index_corrupt";
/// The code of errors about a build that should serve and is not on the server.
pub const CODE_MISSING: &str = "index_missing";
/// The code of errors about an index that was built for another model.
pub const CODE_MISMATCH: &str = "index_mismatch";
/// The code of errors about a position that has changed since it was read, usually by a rebuild.
pub const CODE_MOVED: &str = "index_moved";

/// The position in the change log is not the one that the caller started from.
pub(super) fn moved() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "the index is at another position in the change log than the one it was followed from",
    )
    .with_code(CODE_MOVED)
}
