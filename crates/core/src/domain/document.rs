//! A document: an ingested source in a collection. It has generations, one of them current; the
//! text itself lives in passages, the original bytes in a blob named by their hash.

use super::{Collection, DocumentId, OwnerId};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Where a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentStatus {
    /// Accepted, not yet begun.
    Queued,
    /// Being extracted, chunked or embedded.
    Processing,
    /// Its current generation can be found.
    Indexed,
    /// The last ingest failed; `error` says why.
    Failed,
}

impl DocumentStatus {
    /// The word stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Indexed => "indexed",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word; `None` for another.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Processing, Self::Indexed, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// The SHA-256 of a document's bytes (FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Lower-case hexadecimal, 64 characters.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads 64 hexadecimal characters.
    pub fn parse_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

/// A document as stored.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its id, the same over all its versions.
    pub id: DocumentId,
    /// Who may change it.
    pub owner: OwnerId,
    /// The collection that decides who may read it.
    pub collection: Collection,
    /// Shown to people; falls back to the file name.
    pub title: String,
    /// The name that it came with.
    pub filename: String,
    /// Where it came from; unique for its owner and collection; ends in the file name.
    pub uri: String,
    /// The media type that was found.
    pub content_type: String,
    /// How many bytes the original has.
    pub bytes: i64,
    /// The hash of the original, which also names its blob.
    pub sha256: Sha256,
    /// Where it stands.
    pub status: DocumentStatus,
    /// Why the last ingest failed: `code: message`.
    pub error: Option<String>,
    /// How many passages the current generation has.
    pub passages: i64,
    /// What the caller stored with it: a JSON object.
    pub metadata: serde_json::Value,
    /// The generation that readers see; 0 before the first.
    pub current_generation: i64,
    /// Hash of everything that decides the passages of the current generation: bytes, chunk
    /// settings, extractor version, model. Equal means that an ingest would change nothing.
    pub fingerprint: Option<String>,
    /// When it was first accepted.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
