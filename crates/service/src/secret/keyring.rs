//! The keys of private text: a key-encryption key from the operator wraps data keys, which are
//! stored wrapped. A wrapped key does not decrypt with another key-encryption key; the error then
//! names the expected one.

use super::file::random_bytes;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use ragd_core::error::{Error, Result};
use sha2::Sha256;
use zeroize::Zeroize;

const NONCE_BYTES: usize = 24;

/// The operator's key, `DB_ENCRYPTION_KEY`.
pub struct KeyEncryptionKey {
    wrapping: [u8; 32],
    id: String,
}

/// A data key as stored: wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKeyRow {
    /// The data key's id, 16 hexadecimal characters.
    pub key_id: String,
    /// The id of the key-encryption key that wraps it.
    pub kek_id: String,
    /// `nonce | ciphertext`.
    pub wrapped: Vec<u8>,
}

/// An unwrapped data key; wiped when dropped.
pub struct DataKey {
    pub(super) id: [u8; 8],
    pub(super) bytes: [u8; 32],
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey({})", hex::encode(self.id))
    }
}

impl Drop for DataKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl Drop for KeyEncryptionKey {
    fn drop(&mut self) {
        self.wrapping.zeroize();
    }
}

impl KeyEncryptionKey {
    /// Takes the operator's 32 bytes. The id that is shown and the key that wraps are both derived
    /// (HKDF-SHA-256, RFC 5869), so the id reveals nothing of the key.
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let derive = Hkdf::<Sha256>::new(Some(b"ragd keyring v1"), &bytes);
        let mut wrapping = [0; 32];
        let mut id = [0; 8];
        // Both lengths are far below HKDF's limit of 255 blocks, so neither can fail.
        let _wrapping = derive.expand(b"wrap", &mut wrapping);
        let _id = derive.expand(b"id", &mut id);
        bytes.zeroize();
        Self {
            wrapping,
            id: hex::encode(id),
        }
    }

    /// Its id, as errors and `ragd keys status` show it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Makes a data key, and its wrapped form for storage.
    ///
    /// # Errors
    /// `Internal` when the system gives no random bytes.
    pub fn create_data_key(&self) -> Result<(DataKeyRow, DataKey)> {
        let key = DataKey {
            id: random_bytes()?,
            bytes: random_bytes()?,
        };
        let nonce = random_bytes::<NONCE_BYTES>()?;
        let key_id = hex::encode(key.id);
        let payload = Payload {
            msg: &key.bytes,
            aad: key_id.as_bytes(),
        };
        let ciphertext = XChaCha20Poly1305::new(&self.wrapping.into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::internal("a data key could not be wrapped"))?;
        let wrapped = [nonce.as_slice(), &ciphertext].concat();
        Ok((
            DataKeyRow {
                key_id,
                kek_id: self.id.clone(),
                wrapped,
            },
            key,
        ))
    }

    /// Opens a stored data key.
    ///
    /// # Errors
    /// `Invalid` when another key-encryption key wrapped it; the message names that key's id.
    pub fn unwrap_data_key(&self, row: &DataKeyRow) -> Result<DataKey> {
        let wrong = || {
            Error::invalid(format!(
                "DB_ENCRYPTION_KEY is not the one that this data was sealed with: the data expects \
                 key {}, and the key given is {}",
                row.kek_id, self.id
            ))
            .with_code("wrong_encryption_key")
        };
        let (nonce, ciphertext) = row
            .wrapped
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(wrong)?;
        let payload = Payload {
            msg: ciphertext,
            aad: row.key_id.as_bytes(),
        };
        let bytes = XChaCha20Poly1305::new(&self.wrapping.into())
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| wrong())?;
        let mut id = [0; 8];
        hex::decode_to_slice(&row.key_id, &mut id).map_err(|_| wrong())?;
        Ok(DataKey {
            id,
            bytes: bytes.try_into().map_err(|_| wrong())?,
        })
    }
}
