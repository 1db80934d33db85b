//! The key that wraps the data keys of private text at rest.

use super::{Faults, table::settings};
use base64::Engine;
use secrecy::{ExposeSecret, SecretString};

settings! {
    /// Section `encryption`.
    EncryptionConfig in "encryption";

    /// 32 bytes as hexadecimal or base64; absent in development: generated once.
    #[serde(skip_serializing)]
    db_encryption_key: Option<SecretString> [DB_ENCRYPTION_KEY];
}

impl EncryptionConfig {
    /// Reads a key of 32 bytes from hexadecimal or (standard or URL-safe) base64; `None` for
    /// anything else, passphrases included.
    pub fn parse_key(text: &SecretString) -> Option<[u8; 32]> {
        use base64::engine::general_purpose::{
            STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD,
        };
        let text = text.expose_secret().trim();
        let decoded = hex::decode(text)
            .ok()
            .or_else(|| STANDARD.decode(text).ok())
            .or_else(|| STANDARD_NO_PAD.decode(text).ok())
            .or_else(|| URL_SAFE.decode(text).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(text).ok())?;
        decoded.try_into().ok()
    }

    pub(super) fn check(&self, production: bool, faults: &mut Faults) {
        let name = "encryption.db_encryption_key";
        match &self.db_encryption_key {
            None if production => {
                faults.add(name, "is required in production: openssl rand -hex 32")
            }
            Some(key) if Self::parse_key(key).is_none() => {
                faults.add(name, "must be 32 bytes as hex or base64, not a passphrase");
            }
            _ => {}
        }
    }
}
