//! The token that lets the command line on this machine use a running server: in a file that only
//! the server's own user can read, new at every start.

use crate::secret::{SecretFile, random_hex};
use ragd_core::error::Result;
use secrecy::SecretString;
use std::path::Path;

/// The file's name in the data folder.
pub const LOCAL_TOKEN_FILE: &str = "local.token";

/// Makes the token of a server that starts now, in place of an earlier one.
///
/// # Errors
/// `Internal` when the file cannot be written or the system gives no random bytes.
pub fn issue_local_token(data_dir: &Path) -> Result<SecretString> {
    let token = format!("local-{}", random_hex()?);
    SecretFile::new(data_dir, LOCAL_TOKEN_FILE).replace(&token)?;
    Ok(token.into())
}
