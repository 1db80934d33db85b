//! Counts for operators, over all owners: how much there is, not what it says.

use super::Store;
use super::param::params;
use ragd_core::domain::DocumentStatus;
use ragd_core::error::Result;

/// How much is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdminCounts {
    /// Documents that wait.
    pub documents_queued: i64,
    /// Documents being made, or waiting for the index.
    pub documents_processing: i64,
    /// Documents that can be found.
    pub documents_indexed: i64,
    /// Documents whose last ingest failed.
    pub documents_failed: i64,
    /// Passages.
    pub passages: i64,
    /// Rooms.
    pub rooms: i64,
    /// Messages.
    pub messages: i64,
}

/// How much text there is, and how much of it has vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageStatistics {
    /// Passages.
    pub passages: i64,
    /// Their length together, in Unicode scalar values, overlaps counted twice.
    pub characters: i64,
    /// How many have a vector of which model, by name.
    pub embedded: Vec<(String, i64)>,
}

impl Store {
    /// Counts what is stored.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn admin_counts(&self) -> Result<AdminCounts> {
        let by_status = "SELECT status, COUNT(*) FROM documents GROUP BY status";
        let rows: Vec<(String, i64)> = self.db.query(by_status, params![]).all().await?;
        let documents = |status: DocumentStatus| {
            let count = rows.iter().find(|(word, _)| word == status.as_str());
            count.map_or(0, |(_, count)| *count)
        };
        let others = "SELECT (SELECT COALESCE(CAST(SUM(passages) AS BIGINT), 0) FROM documents)
                 + (SELECT COUNT(*) FROM passages WHERE message_id IS NOT NULL),
             (SELECT COUNT(*) FROM rooms),
             (SELECT COUNT(*) FROM messages)";
        let (passages, rooms, messages) = self.db.query(others, params![]).one().await?;
        Ok(AdminCounts {
            documents_queued: documents(DocumentStatus::Queued),
            documents_processing: documents(DocumentStatus::Processing),
            documents_indexed: documents(DocumentStatus::Indexed),
            documents_failed: documents(DocumentStatus::Failed),
            passages,
            rooms,
            messages,
        })
    }

    /// Measures the passages; reads all of them.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn passage_statistics(&self) -> Result<PassageStatistics> {
        let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(char_end - char_start), 0) AS BIGINT)
             FROM passages";
        let (passages, characters) = self.db.query(sql, params![]).one().await?;
        let sql = "SELECT model, COUNT(*) FROM passages WHERE model IS NOT NULL
             GROUP BY model ORDER BY model";
        let embedded = self.db.query(sql, params![]).all().await?;
        Ok(PassageStatistics {
            passages,
            characters,
            embedded,
        })
    }
}
