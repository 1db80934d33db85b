//! Secrets: files of the secrets that ragd generates, the keys that encrypt private text at rest, and the
//! envelope format of that text. Knows no table: callers say which cell a text belongs to.

mod envelope;
mod file;
mod keyring;

pub use envelope::{Belongs, Sealer};
pub use file::{SecretFile, random_hex};
pub use keyring::{DataKeyRow, KeyEncryptionKey};
