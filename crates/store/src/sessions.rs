//! Sessions: the rooms that chat clients name, found, begun and refreshed in one transaction, so that
//! their limits hold however many ask at once. SQL is the truth of when a session was last used. Says
//! how a session stands; what the caller is answered is decided elsewhere.

use super::Store;
use super::param::params;
use super::rooms::{ROOM_COLUMNS, RoomRow};
use super::sql::sql;
use super::tx::Tx;
use chrono::{DateTime, TimeDelta, Utc};
use ragd_core::domain::{NicknameId, OwnerId, Room, RoomId, RoomKind, SessionKey};
use ragd_core::error::{ErrorKind, Result};
use std::time::Duration;
use uuid::Uuid;

/// Held by a Postgres transaction that counts sessions and begins one. Any constant does; it must
/// only be the same in every process.
const COUNT_LOCK: i64 = 0x7261_6764_7365_7373;
/// What `SESSION_QUERIES_PER_HOUR` counts in.
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// A session that was noted as used within this time, and within a tenth of its life, is not noted
/// again: an answer that is stored notes it as well.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// The limits of sessions; 0 means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionCaps {
    /// Counted sessions at once.
    pub sessions: i64,
    /// Counted sessions of one address at once.
    pub sessions_of_address: i64,
    /// Questions of one session within an hour.
    pub queries_per_hour: i64,
}

/// A question that belongs to a session.
#[derive(Debug, Clone)]
pub struct SessionUse {
    /// Who asks.
    pub owner: OwnerId,
    /// The session's key.
    pub key: SessionKey,
    /// Where one key serves many people, whose conversation it must be: it is then never begun here,
    /// and can be taken up for as long as its room is kept.
    pub nickname: Option<NicknameId>,
    /// The caller's address.
    pub address: Option<String>,
    /// How long a session lives after its last use.
    pub ttl: TimeDelta,
    /// What holds for it.
    pub caps: SessionCaps,
}

/// A session that is begun without being asked for by its key.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its room.
    pub room: Room,
    /// Whose conversation it is, where one key serves many people.
    pub nickname: Option<NicknameId>,
}

/// A limit of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionCap {
    /// [`SessionCaps::sessions`].
    Sessions,
    /// [`SessionCaps::sessions_of_address`].
    SessionsOfAddress,
    /// [`SessionCaps::queries_per_hour`].
    Queries,
}

/// How a session stands.
#[derive(Debug, Clone)]
pub enum SessionOutcome {
    /// It was there, and is noted as used.
    Found(Room),
    /// It was begun.
    Begun(Room),
    /// It was not used for longer than it lives.
    Expired,
    /// It was deleted.
    Deleted,
    /// It is not this person's, or was never begun.
    Unknown,
    /// A limit forbids it.
    Refused {
        /// Which.
        cap: SessionCap,
        /// How many it allows.
        allowed: i64,
        /// When trying again can help.
        retry_after: Duration,
    },
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    #[sqlx(flatten)]
    room: RoomRow,
    last_used_at: Option<DateTime<Utc>>,
    nickname_id: Option<Uuid>,
    window_started_at: Option<DateTime<Utc>>,
    window_queries: Option<i64>,
}

/// A room with how it stands as a session.
struct Found {
    room: Room,
    /// When it was last noted as used.
    noted_at: DateTime<Utc>,
    nickname: Option<Uuid>,
    /// The window of questions: since when, how many.
    window: Option<(DateTime<Utc>, i64)>,
}

fn find_session_sql() -> &'static str {
    sql!(
        "SELECT {ROOM_COLUMNS}, last_used_at, nickname_id, window_started_at, window_queries
     FROM rooms LEFT JOIN session_state ON session_state.room_id = rooms.id
     WHERE owner_id = $1 AND session_key = $2"
    )
}

impl Store {
    /// Takes up the session that `wanted` names, or begins it where it is not known.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn use_session(
        &self,
        wanted: &SessionUse,
        now: DateTime<Utc>,
    ) -> Result<SessionOutcome> {
        if wanted.caps.queries_per_hour == 0
            && let Some(found) = self.find_session(wanted).await?
            && found.needs_no_note(wanted, now)
        {
            return Ok(SessionOutcome::Found(found.room));
        }
        match self.use_at_once(wanted, now).await {
            // Two first questions of one session at once: the other one's room is the room.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.use_at_once(wanted, now).await
            }
            outcome => outcome,
        }
    }

    /// Begins a session that no client named; it counts against no limit.
    ///
    /// # Errors
    /// `Conflict` when there is one with its key; `Unavailable` without a database.
    pub async fn begin_session(&self, new: &NewSession, now: DateTime<Utc>) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.insert_room(&new.room).await?;
        let sql = "INSERT INTO session_state
                 (room_id, last_used_at, nickname_id, counted, window_queries)
             VALUES ($1, $2, $3, FALSE, 0)";
        tx.query(
            sql,
            params![new.room.id.uuid(), now, new.nickname.map(NicknameId::uuid)],
        )
        .execute()
        .await?;
        tx.commit().await
    }

    /// How many sessions there are: kept, and used since `since` (to the minute).
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn session_counts(&self, since: DateTime<Utc>) -> Result<(i64, i64)> {
        let sql = "SELECT (SELECT COUNT(*) FROM session_state),
             (SELECT COUNT(*) FROM session_state WHERE last_used_at > $1)";
        self.db.query(sql, params![since]).one().await
    }

    async fn find_session(&self, wanted: &SessionUse) -> Result<Option<Found>> {
        let row: Option<SessionRow> = self
            .db
            .query(
                find_session_sql(),
                params![wanted.owner.uuid(), wanted.key.as_str()],
            )
            .optional()
            .await?;
        row.map(Found::of_row).transpose()
    }

    async fn use_at_once(&self, wanted: &SessionUse, now: DateTime<Utc>) -> Result<SessionOutcome> {
        let mut tx = self.begin().await?;
        let outcome = match tx.lock_session(wanted).await? {
            Some(found) => tx.take_up(found, wanted, now).await?,
            None => tx.begin_named(wanted, now).await?,
        };
        match outcome {
            // The room was made before it was known that there is no place for it.
            SessionOutcome::Refused { .. } => tx.rollback().await?,
            _ => tx.commit().await?,
        }
        Ok(outcome)
    }
}

impl Found {
    fn of_row(row: SessionRow) -> Result<Self> {
        let room = row.room.into_room()?;
        Ok(Self {
            noted_at: row.last_used_at.unwrap_or(room.updated_at),
            room,
            nickname: row.nickname_id,
            window: row.window_started_at.zip(row.window_queries),
        })
    }

    /// Why it cannot be taken up; `None`: it can.
    fn refusal(&self, wanted: &SessionUse, now: DateTime<Utc>) -> Option<SessionOutcome> {
        let last_used_at = self.noted_at.max(self.room.updated_at);
        if self.nickname != wanted.nickname.map(NicknameId::uuid) {
            Some(SessionOutcome::Unknown)
        } else if wanted.nickname.is_none() && last_used_at + wanted.ttl <= now {
            Some(SessionOutcome::Expired)
        } else {
            None
        }
    }

    fn needs_no_note(&self, wanted: &SessionUse, now: DateTime<Utc>) -> bool {
        let noted = NOTED.min(wanted.ttl / 10);
        self.refusal(wanted, now).is_none() && now - self.noted_at < noted
    }
}

impl Tx {
    /// The session, locked until the transaction ends.
    async fn lock_session(&mut self, wanted: &SessionUse) -> Result<Option<Found>> {
        if self.is_postgres() {
            // A statement of its own: one that waits for a lock goes on to read what the rows beside
            // the locked one were before. What it does not see is not locked, even if it is there a
            // moment later: making it then is a conflict, after which the caller tries again.
            let sql = "SELECT id FROM rooms WHERE owner_id = $1 AND session_key = $2
                 FOR NO KEY UPDATE";
            let locked = self
                .query(sql, params![wanted.owner.uuid(), wanted.key.as_str()])
                .execute()
                .await?;
            if locked == 0 {
                return Ok(None);
            }
        }
        let row: Option<SessionRow> = self
            .query(
                find_session_sql(),
                params![wanted.owner.uuid(), wanted.key.as_str()],
            )
            .optional()
            .await?;
        row.map(Found::of_row).transpose()
    }

    async fn take_up(
        &mut self,
        found: Found,
        wanted: &SessionUse,
        now: DateTime<Utc>,
    ) -> Result<SessionOutcome> {
        if let Some(refusal) = found.refusal(wanted, now) {
            return Ok(refusal);
        }
        let window = found.window.filter(|(since, _)| *since + WINDOW > now);
        let (since, queries) = window.unwrap_or((now, 0));
        let allowed = wanted.caps.queries_per_hour;
        if allowed > 0 && queries >= allowed {
            return Ok(SessionOutcome::Refused {
                cap: SessionCap::Queries,
                allowed,
                retry_after: until(since + WINDOW, now),
            });
        }
        let sql = "INSERT INTO session_state
                 (room_id, last_used_at, counted, window_started_at, window_queries)
             VALUES ($1, $2, FALSE, $3, $4)
             ON CONFLICT (room_id) DO UPDATE SET last_used_at = excluded.last_used_at,
                 window_started_at = excluded.window_started_at,
                 window_queries = excluded.window_queries";
        self.query(sql, params![found.room.id.uuid(), now, since, queries + 1])
            .execute()
            .await?;
        Ok(SessionOutcome::Found(found.room))
    }

    async fn begin_named(
        &mut self,
        wanted: &SessionUse,
        now: DateTime<Utc>,
    ) -> Result<SessionOutcome> {
        if wanted.nickname.is_some() {
            return Ok(SessionOutcome::Unknown);
        }
        if self.was_deleted(wanted).await? {
            return Ok(SessionOutcome::Deleted);
        }
        let room = Room {
            id: RoomId::new(now),
            owner: wanted.owner,
            name: wanted.key.as_str().to_owned(),
            kind: RoomKind::Session,
            parent: None,
            session_key: Some(wanted.key.clone()),
            created_at: now,
            updated_at: now,
        };
        // First of all: it fails for all but one who begin the same session at once.
        self.insert_room(&room).await?;
        if let Some(refusal) = self.cap_reached(wanted, now).await? {
            return Ok(refusal);
        }
        // The address is kept only where it is counted.
        let counts_addresses = wanted.caps.sessions_of_address > 0;
        let sql = "INSERT INTO session_state (room_id, last_used_at, counted, begun_from,
                 window_started_at, window_queries)
             VALUES ($1, $2, TRUE, $3, $2, 1)";
        self.query(
            sql,
            params![
                room.id.uuid(),
                now,
                wanted.address.as_deref().filter(|_| counts_addresses)
            ],
        )
        .execute()
        .await?;
        Ok(SessionOutcome::Begun(room))
    }

    async fn was_deleted(&mut self, wanted: &SessionUse) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM deleted_sessions WHERE owner_id = $1 AND session_key = $2";
        let count: i64 = self
            .query(sql, params![wanted.owner.uuid(), wanted.key.as_str()])
            .scalar()
            .await?;
        Ok(count > 0)
    }

    /// The limit that one more session would break; `None`: there is room for it.
    async fn cap_reached(
        &mut self,
        wanted: &SessionUse,
        now: DateTime<Utc>,
    ) -> Result<Option<SessionOutcome>> {
        let SessionCaps {
            sessions,
            sessions_of_address,
            ..
        } = wanted.caps;
        if self.is_postgres() && (sessions > 0 || sessions_of_address > 0) {
            self.query("SELECT pg_advisory_xact_lock($1)", params![COUNT_LOCK])
                .execute()
                .await?;
        }
        let caps = [
            (SessionCap::SessionsOfAddress, sessions_of_address),
            (SessionCap::Sessions, sessions),
        ];
        for (cap, allowed) in caps {
            let address = match (cap, &wanted.address) {
                (SessionCap::Sessions, _) => None,
                // Without an address there is nothing to count.
                (_, None) => continue,
                (_, address) => address.as_deref(),
            };
            if allowed == 0 {
                continue;
            }
            let (count, oldest) = self.live_sessions(now - wanted.ttl, address).await?;
            if count >= allowed {
                let free_at = oldest.unwrap_or(now) + wanted.ttl;
                return Ok(Some(SessionOutcome::Refused {
                    cap,
                    allowed,
                    retry_after: until(free_at, now),
                }));
            }
        }
        Ok(None)
    }

    /// The counted sessions used after `since`, of one address or of all, and the oldest use of them.
    async fn live_sessions(
        &mut self,
        since: DateTime<Utc>,
        address: Option<&str>,
    ) -> Result<(i64, Option<DateTime<Utc>>)> {
        let sql = "SELECT COUNT(*), MIN(last_used_at) FROM session_state
             WHERE counted AND last_used_at > $1 AND ($2 IS NULL OR begun_from = $2)";
        self.query(sql, params![since, address]).one().await
    }
}

/// At least a second: without a wait the caller would ask again at once.
fn until(moment: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    let wait = (moment - now).to_std().unwrap_or_default();
    wait.max(Duration::from_secs(1))
}
