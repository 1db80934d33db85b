//! Rows of the table of passages, in and out. A passage's owner and collection are those of the
//! stored document, never what a caller says, so that access cannot be widened by a passage.

use super::bind::{refuse_nul, vector_from_bytes, vector_to_bytes};
use super::document_rows::{DocumentRow, Generation};
use super::param::Param;
use super::tx::{Batch, Tx};
use chrono::{DateTime, Utc};
use ragd_core::domain::{
    Collection, DocumentId, MessageId, OwnerId, Passage, PassageId, PassageKind, PassageSource,
    RoomId,
};
use ragd_core::error::{Error, Result};
use uuid::Uuid;

/// How many rows one INSERT takes: 16 parameters each, far below what both databases allow
/// (32,766 and 65,535), and few enough that the one statement text stays in their caches.
const ROWS_PER_INSERT: usize = 100;

/// The columns of a [`PassageRow`] without its vector, of the table called `p`.
pub(super) const PASSAGE_COLUMNS: &str = "p.id, p.owner_id, p.kind, p.document_id, p.collection, p.message_id, p.room_id, \
     p.generation, p.ordinal, p.page, p.char_start, p.char_end, p.model, \
     p.created_at, p.heading, p.content";

#[derive(sqlx::FromRow)]
pub(super) struct PassageRow {
    id: Uuid,
    owner_id: Uuid,
    kind: String,
    document_id: Option<Uuid>,
    collection: Option<String>,
    message_id: Option<Uuid>,
    room_id: Option<Uuid>,
    generation: i64,
    ordinal: i64,
    page: Option<i64>,
    char_start: i64,
    char_end: i64,
    model: Option<String>,
    created_at: DateTime<Utc>,
    heading: String,
    content: String,
    /// Absent from statements that do not ask for it.
    #[sqlx(default)]
    embedding: Option<Vec<u8>>,
}

impl PassageRow {
    pub(super) fn into_passage(self) -> Result<Passage> {
        let source = self.source()?;
        let embedding = self.embedding.as_deref().map(vector_from_bytes);
        Ok(Passage {
            id: PassageId::from_uuid(self.id),
            owner: OwnerId::from_uuid(self.owner_id),
            source,
            generation: self.generation,
            ordinal: self.ordinal,
            content: self.content,
            heading: self.heading,
            page: self.page,
            char_start: self.char_start,
            char_end: self.char_end,
            embedding: embedding.transpose()?,
            model: self.model,
            created_at: self.created_at,
        })
    }

    fn source(&self) -> Result<PassageSource> {
        let unreadable = || Error::internal("a stored passage has an unreadable source");
        match self.kind.parse().map_err(|_| unreadable())? {
            PassageKind::Document => Ok(PassageSource::Document {
                document: DocumentId::from_uuid(self.document_id.ok_or_else(unreadable)?),
                collection: Collection::parse(self.collection.as_deref().ok_or_else(unreadable)?)?,
            }),
            PassageKind::Message => Ok(PassageSource::Message {
                message: MessageId::from_uuid(self.message_id.ok_or_else(unreadable)?),
                room: RoomId::from_uuid(self.room_id.ok_or_else(unreadable)?),
            }),
        }
    }
}

impl Tx {
    /// Stores passages of a generation, of which none is there yet.
    pub(super) async fn insert_passages(
        &mut self,
        generation: Generation,
        passages: &[Passage],
        document: &DocumentRow,
    ) -> Result<()> {
        for passage in passages {
            check(passage, generation)?;
        }
        for rows in passages.chunks(ROWS_PER_INSERT) {
            let mut params = Vec::with_capacity(16 * rows.len());
            for passage in rows {
                params.extend([
                    Param::from(passage.id.uuid()),
                    document.owner_id.into(),
                    PassageKind::Document.as_str().into(),
                    generation.document.uuid().into(),
                    document.collection.as_str().into(),
                    passage.generation.into(),
                    passage.ordinal.into(),
                    passage.page.into(),
                    passage.char_start.into(),
                    passage.char_end.into(),
                    passage.text_hash().0.to_vec().into(),
                    passage.model.as_deref().into(),
                    passage.created_at.into(),
                    passage.heading.as_str().into(),
                    passage.content.as_str().into(),
                    passage.embedding.as_deref().map(vector_to_bytes).into(),
                ]);
            }
            let batch = Batch {
                before: "INSERT INTO passages (id, owner_id, kind, document_id, collection,
                         generation, ordinal, page, char_start, char_end, content_sha256, model,
                         created_at, heading, content, embedding) ",
                after: "",
                columns: 16,
                rows: rows.len(),
                params,
            };
            // Only the text of a full batch comes again and is worth keeping prepared.
            let keep = rows.len() == ROWS_PER_INSERT;
            self.query_batch(&batch).kept(keep).execute().await?;
        }
        Ok(())
    }
}

fn check(passage: &Passage, of: Generation) -> Result<()> {
    refuse_nul("content", &passage.content)?;
    refuse_nul("heading", &passage.heading)?;
    let same_document = matches!(
        passage.source, PassageSource::Document { document, .. } if document == of.document
    );
    let whole = passage.model.is_some() == passage.embedding.is_some();
    if same_document && whole && passage.generation == of.number {
        Ok(())
    } else {
        Err(Error::internal(format!(
            "passage {} is not one of generation {} of document {}, or has a vector without a model",
            passage.id, of.number, of.document
        )))
    }
}
