//! A document: an ingested source in a collection. It has generations, one of them current; the
//! text itself lives in passages, the original bytes in a blob named by their hash.

use super::{Collection, DocumentId, FileName, OwnerId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
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
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A SHA-256 (FIPS 180-4), of a document's bytes above all; 64 hexadecimal characters in JSON.
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

impl Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let malformed = || serde::de::Error::custom("not 64 hexadecimal characters");
        Self::parse_hex(&text).ok_or_else(malformed)
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
    pub filename: FileName,
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
