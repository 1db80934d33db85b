//! What can be done with a stored document: process it again from its original, or delete it.

use super::{Accepted, Ingest};
use futures_util::future::BoxFuture;
use ragd_core::domain::{Document, DocumentId, Principal, ReadScope, Scope, Sha256};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_core::resilience::failpoint;
use ragd_store::WriteScope;
use ragd_text::OcrChoice;

/// A document that was deleted.
#[derive(Debug, Clone)]
pub struct Removal {
    /// As it was.
    pub document: Document,
}

impl Ingest {
    /// Deletes a document permanently, with passages, vectors and original; running work on it is
    /// discarded. `None` when there is no such document that the caller can see.
    ///
    /// # Errors
    /// `Forbidden` when the caller may read it and not change it; `Unavailable` without a database.
    pub fn delete<'a>(
        &'a self,
        id: DocumentId,
        caller: &'a Principal,
    ) -> BoxFuture<'a, Result<Option<Removal>>> {
        Box::pin(async move {
            let Some(document) = self.changeable(id, caller).await? else {
                return Ok(None);
            };
            let now = self.parts.clock.now();
            if !self
                .parts
                .store
                .delete_document(id, write_scope(caller), now)
                .await?
            {
                return Ok(None);
            }
            failpoint("delete.committed");
            self.remove_original(document.sha256).await?;
            self.parts.follower.catch_up_if_reachable().await?;
            Ok(Some(Removal { document }))
        })
    }

    /// Processes a document again from its original. `None` when there is no such document.
    ///
    /// # Errors
    /// `Invalid` when OCR is wanted and not installed, with what to install; `Forbidden` when the
    /// caller may read it and not change it; `Conflict` when the original was removed;
    /// `Unavailable` without a database.
    pub fn reprocess<'a>(
        &'a self,
        id: DocumentId,
        caller: &'a Principal,
        ocr: OcrChoice,
    ) -> BoxFuture<'a, Result<Option<Accepted>>> {
        Box::pin(async move {
            if ocr == OcrChoice::Wanted
                && let Err(advice) = self.ocr().ocr()
            {
                let error = Error::invalid(format!("ocr: pictures cannot be read; {advice}"));
                return Err(error.with_code("ocr_unavailable"));
            }
            let Some(document) = self.changeable(id, caller).await? else {
                return Ok(None);
            };
            if !self.parts.blobs.contains(document.sha256) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "the original is not here any more: upload it again",
                ));
            }
            let enqueued = self
                .parts
                .store
                .accept_again(id, stored_choice(ocr), self.parts.clock.now())
                .await?;
            Ok(enqueued.map(|enqueued| Accepted::of(enqueued, false)))
        })
    }

    /// Removes an original that no document needs any more.
    async fn remove_original(&self, hash: Sha256) -> Result<()> {
        let _alone = self.originals.write().await;
        if self.parts.store.is_original_used(hash).await? {
            return Ok(());
        }
        self.parts.blobs.remove(hash)
    }

    async fn changeable(&self, id: DocumentId, caller: &Principal) -> Result<Option<Document>> {
        let scope = if caller.allows(Scope::Admin) {
            ReadScope {
                owner: caller.owner,
                collections: None,
            }
        } else {
            caller.read_scope()
        };
        let Some(document) = self.parts.store.document(id, &scope).await? else {
            return Ok(None);
        };
        if document.owner == caller.owner || caller.allows(Scope::Admin) {
            Ok(Some(document))
        } else {
            Err(Error::new(
                ErrorKind::Forbidden,
                "this document belongs to somebody else",
            ))
        }
    }
}

/// A choice as a job's payload stores it.
const fn stored_choice(ocr: OcrChoice) -> Option<bool> {
    match ocr {
        OcrChoice::Automatic => None,
        OcrChoice::Wanted => Some(true),
        OcrChoice::Forbidden => Some(false),
    }
}

fn write_scope(caller: &Principal) -> WriteScope {
    if caller.allows(Scope::Admin) {
        WriteScope::Everyone
    } else {
        WriteScope::Owner(caller.owner)
    }
}
