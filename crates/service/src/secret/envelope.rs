//! The envelope of private text: `version | key id | nonce | ciphertext`, XChaCha20-Poly1305
//! (draft-irtf-cfrg-xchacha-03) with the table, column, row and owner as additional data, so that a
//! value moved to another row does not open.

use super::file::random_bytes;
use super::keyring::DataKey;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use ragd_core::domain::OwnerId;
use ragd_core::error::{Error, Result};
use std::sync::Arc;
use uuid::Uuid;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const HEADER_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// The database cell that an encrypted value belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Belongs {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub row: Uuid,
    /// The row's owner.
    pub owner: OwnerId,
}

impl Belongs {
    fn additional_data(&self) -> Vec<u8> {
        format!(
            "{}\0{}\0{}\0{}",
            self.table, self.column, self.row, self.owner
        )
        .into_bytes()
    }
}

/// Encrypts ("seals") and decrypts ("opens") private text; cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<Vec<DataKey>>,
}

impl Sealer {
    /// A sealer that seals with the first of `keys` and opens with any.
    ///
    /// # Errors
    /// `Internal` without a key.
    pub fn new(keys: Vec<DataKey>) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::internal("there is no data key"));
        }
        Ok(Self {
            keys: Arc::new(keys),
        })
    }

    /// Seals `text` for its place.
    ///
    /// # Errors
    /// `Internal` when the system gives no random bytes.
    pub fn seal(&self, text: &str, place: &Belongs) -> Result<Vec<u8>> {
        let key = self
            .keys
            .first()
            .ok_or_else(|| Error::internal("there is no data key"))?;
        let nonce = random_bytes::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: text.as_bytes(),
            aad: &place.additional_data(),
        };
        let ciphertext = XChaCha20Poly1305::new(&key.bytes.into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::internal("private text could not be sealed"))?;
        let mut envelope = Vec::with_capacity(HEADER_BYTES + ciphertext.len());
        envelope.push(VERSION);
        envelope.extend_from_slice(&key.id);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&ciphertext);
        Ok(envelope)
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// `Internal` when the envelope is damaged, of an unknown version or key, or of another place.
    pub fn open(&self, envelope: &[u8], place: &Belongs) -> Result<String> {
        let fault = |why: &str| {
            Error::internal(format!(
                "{}.{} of {}: {why}",
                place.table, place.column, place.row
            ))
        };
        let (version, rest) = envelope.split_first().ok_or_else(|| fault("is empty"))?;
        if *version != VERSION {
            return Err(fault("has an unknown version"));
        }
        let (id, rest) = rest
            .split_first_chunk::<KEY_ID_BYTES>()
            .ok_or_else(|| fault("is cut short"))?;
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(|| fault("is cut short"))?;
        let key = self.keys.iter().find(|key| key.id == *id).ok_or_else(|| {
            fault(&format!(
                "was sealed with key {}, which is missing",
                hex::encode(id)
            ))
        })?;
        let payload = Payload {
            msg: ciphertext,
            aad: &place.additional_data(),
        };
        let text = XChaCha20Poly1305::new(&key.bytes.into())
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| fault("does not open: it was changed, or moved from its place"))?;
        String::from_utf8(text).map_err(|_| fault("is not UTF-8"))
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::KeyEncryptionKey;
    use super::*;

    fn place(row: u128) -> Belongs {
        Belongs {
            table: "messages",
            column: "content",
            row: Uuid::from_u128(row),
            owner: OwnerId::system(),
        }
    }

    #[test]
    fn opens_in_its_own_place_only() {
        let kek = KeyEncryptionKey::new([7; 32]);
        let (_, key) = kek.create_data_key().unwrap();
        let sealer = Sealer::new(vec![key]).unwrap();
        let envelope = sealer.seal("for her alone", &place(1)).unwrap();
        assert_eq!(sealer.open(&envelope, &place(1)).unwrap(), "for her alone");
        assert!(sealer.open(&envelope, &place(2)).is_err());
        assert!(!envelope.windows(5).any(|window| window == b"alone"));
        for cut in 0..envelope.len() {
            assert!(sealer.open(&envelope[..cut], &place(1)).is_err());
        }
    }

    #[test]
    fn another_key_encryption_key_does_not_unwrap() {
        let (row, _) = KeyEncryptionKey::new([7; 32]).create_data_key().unwrap();
        let error = KeyEncryptionKey::new([8; 32])
            .unwrap_data_key(&row)
            .unwrap_err();
        assert!(error.to_string().contains(&row.kek_id), "{error}");
    }
}
