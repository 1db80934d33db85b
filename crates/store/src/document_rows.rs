//! Rows of the table of documents, on their way out, and what a version of a document is called. The
//! statements are in the files beside this one.

use chrono::{DateTime, Utc};
use ragd_core::domain::{Collection, Document, DocumentId, FileName, OwnerId, Sha256};
use ragd_core::error::{Error, Result};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use uuid::Uuid;

/// The columns of a [`DocumentRow`].
pub(super) const DOCUMENT_COLUMNS: &str = "id, owner_id, collection, status, current_generation, next_generation, passages, \
     bytes, sha256, fingerprint, content_type, filename, title, uri, error, metadata, \
     pending, created_at, updated_at";

/// One version of a document: its passages are made, committed, indexed and dropped together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation {
    /// The document.
    pub document: DocumentId,
    /// 1 for the first, one more for each that was accepted since.
    pub number: i64,
}

/// What a version was handed in with; kept until that version is committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingVersion {
    /// The hash of the original.
    #[serde(rename = "sha256_hex")]
    pub sha256: Sha256,
    /// How many bytes the original has.
    pub bytes: i64,
    /// What the caller called it; the file name where it said nothing.
    pub title: String,
    /// What the caller stores with it.
    pub metadata: serde_json::Value,
}

#[derive(sqlx::FromRow)]
pub(super) struct DocumentRow {
    id: Uuid,
    pub(super) owner_id: Uuid,
    pub(super) collection: String,
    status: String,
    pub(super) current_generation: i64,
    pub(super) next_generation: i64,
    passages: i64,
    bytes: i64,
    sha256: Vec<u8>,
    fingerprint: Option<String>,
    content_type: String,
    filename: String,
    title: String,
    uri: String,
    error: Option<String>,
    metadata: Json<serde_json::Value>,
    pending: Option<Json<PendingVersion>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl DocumentRow {
    /// The newest generation that was handed out.
    pub(super) fn newest_generation(&self) -> i64 {
        self.next_generation - 1
    }

    /// What the newest version is made from: as it was handed in, else as the current one.
    pub(super) fn pending_version(&self) -> Result<PendingVersion> {
        Ok(match &self.pending {
            Some(Json(pending)) => pending.clone(),
            None => PendingVersion {
                sha256: stored_hash(&self.sha256)?,
                bytes: self.bytes,
                title: self.title.clone(),
                metadata: self.metadata.0.clone(),
            },
        })
    }

    pub(super) fn into_document(self) -> Result<Document> {
        let unreadable =
            |what| Error::internal(format!("a stored document has an unreadable {what}"));
        Ok(Document {
            id: DocumentId::from_uuid(self.id),
            owner: OwnerId::from_uuid(self.owner_id),
            collection: Collection::parse(&self.collection)?,
            title: self.title,
            filename: FileName::parse(&self.filename).map_err(|_| unreadable("file name"))?,
            uri: self.uri,
            content_type: self.content_type,
            bytes: self.bytes,
            sha256: stored_hash(&self.sha256)?,
            status: self.status.parse().map_err(|_| unreadable("status"))?,
            error: self.error,
            passages: self.passages,
            metadata: self.metadata.0,
            current_generation: self.current_generation,
            fingerprint: self.fingerprint,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn stored_hash(bytes: &[u8]) -> Result<Sha256> {
    let bytes = <[u8; 32]>::try_from(bytes)
        .map_err(|_| Error::internal("a stored document has an unreadable sha256"))?;
    Ok(Sha256(bytes))
}
