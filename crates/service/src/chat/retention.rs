//! What operators do with sessions: count them, look at one, copy unused ones, delete them. They see
//! times and counts, and text only in a copy.

use super::Chat;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use ragd_core::domain::{Message, RoomId};
use ragd_core::error::{Error, Result};
use ragd_store::{SessionCleanup, SessionRecord};
use serde::Serialize;

/// Sessions deleted in one transaction.
const DELETED_AT_ONCE: i64 = 50;
/// Sessions of one copy: their text is in memory at once.
const COPIED_AT_ONCE: i64 = 10;
/// The age of the sessions that a request without one deletes, where none are deleted regularly.
const DEFAULT_DAYS: u32 = 7;

/// How many sessions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SessionCounts {
    /// All that are stored.
    pub sessions: i64,
    /// Those that can still be continued.
    pub active: i64,
}

/// A session with all its messages.
#[derive(Debug, Clone)]
pub struct SessionCopy {
    /// The session.
    pub session: SessionRecord,
    /// Its messages, oldest first.
    pub messages: Vec<Message>,
}

impl Chat {
    /// Counts the sessions, and sets the gauge of the active ones.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn session_counts(&self) -> Result<SessionCounts> {
        let since = self.parts.clock.now() - self.session_ttl();
        let (sessions, active) = self.parts.store.session_counts(since).await?;
        self.parts.metrics.active_sessions.set(active as f64);
        Ok(SessionCounts { sessions, active })
    }

    /// The sessions with this id or key, whoever owns them, and until when each can be continued.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn sessions_called(&self, name: &str) -> Result<Vec<(SessionRecord, DateTime<Utc>)>> {
        let found = self.parts.store.sessions_called(name).await?;
        let ttl = self.session_ttl();
        let sessions = found.into_iter();
        Ok(sessions
            .map(|session| {
                let expires_at = session.last_used_at + ttl;
                (session, expires_at)
            })
            .collect())
    }

    /// A few of the sessions that were not used for `days`, with all their messages.
    ///
    /// # Errors
    /// `Invalid` for a number of days that is not within 1–36,500; `Unavailable` without a database.
    pub async fn copy_unused_sessions(&self, days: Option<u32>) -> Result<Vec<SessionCopy>> {
        let unused_since = self.days_ago(self.days_or_configured(days)?);
        let store = &self.parts.store;
        let mut copies = Vec::new();
        for session in store.unused_sessions(unused_since, COPIED_AT_ONCE).await? {
            let sealed = store.messages_of_any_owner(session.room.id).await?;
            let messages = sealed.into_iter().map(|message| self.open(message));
            copies.push(SessionCopy {
                messages: messages.collect::<Result<_>>()?,
                session,
            });
        }
        Ok(copies)
    }

    /// Deletes the sessions that were not used for `days`, or those of `rooms` that were not;
    /// returns how many.
    ///
    /// # Errors
    /// `Invalid` for a number of days that is not within 1–36,500; `Unavailable` without a database.
    pub fn delete_unused_sessions(
        &self,
        days: Option<u32>,
        rooms: Option<Vec<RoomId>>,
    ) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async move {
            let days = self.days_or_configured(days)?;
            let cleanup = SessionCleanup {
                unused_since: self.days_ago(days),
                rooms,
                limit: DELETED_AT_ONCE,
            };
            let mut deleted = 0;
            loop {
                let now = self.parts.clock.now();
                let some = self.parts.store.delete_session_rooms(&cleanup, now).await?;
                deleted += some;
                if some == 0 || cleanup.rooms.is_some() {
                    break;
                }
            }
            self.count_session("delete", deleted);
            tracing::info!(
                deleted,
                days,
                "session_cleanup: {deleted} sessions not used for {days} days were deleted"
            );
            Ok(deleted)
        })
    }

    /// The daily deletion of sessions; does nothing where they are kept forever.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn clean_up_sessions(&self) -> Result<u64> {
        match self.parts.sessions.retention_days {
            0 => Ok(0),
            days => self.delete_unused_sessions(Some(days), None).await,
        }
    }

    fn days_ago(&self, days: u32) -> DateTime<Utc> {
        self.parts.clock.now() - TimeDelta::days(days.into())
    }

    fn days_or_configured(&self, days: Option<u32>) -> Result<u32> {
        let configured = match self.parts.sessions.retention_days {
            0 => DEFAULT_DAYS,
            days => days,
        };
        match days.unwrap_or(configured) {
            days @ 1..=36_500 => Ok(days),
            _ => Err(Error::invalid("days: must be between 1 and 36500")),
        }
    }
}
