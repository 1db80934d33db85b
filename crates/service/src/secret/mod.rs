//! Secrets: the files of those that ragd made itself, the keys of private text at rest, and the
//! envelope that private text is sealed in. Knows no table: who stores an envelope says what it
//! belongs to.

mod envelope;
mod file;
mod keyring;

pub use envelope::{Belongs, Sealer};
pub use file::{SecretFile, random_hex};
pub use keyring::{DataKeyRow, KeyEncryptionKey};
