//! The session that a question belongs to: found, begun, or refused. The store decides in one
//! transaction whether it exists and is within its limits.

use super::{Chat, ChatRequest};
use chrono::TimeDelta;
use ragd_core::domain::{NicknameId, Principal, Room, RoomId, RoomKind, SessionKey};
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_store::{NewSession, SessionCap, SessionCaps, SessionOutcome, SessionUse};

/// The code of a session that does not exist (any more).
pub const CODE_SESSION_NOT_FOUND: &str = "session_not_found";

/// A room that was found or created.
#[derive(Debug)]
pub struct OpenedRoom {
    /// The room.
    pub room: Room,
    /// Whether it was created just now, and so has no history.
    pub is_new: bool,
}

impl Chat {
    /// The room of the session that `request` names, created when it is new. Without a name a new
    /// session is begun, which counts against no limit.
    ///
    /// # Errors
    /// `NotFound` for a session that expired, was deleted or is somebody else's; `RateLimited` when
    /// a limit of sessions is reached; `Unavailable` without a database.
    pub(super) async fn session(
        &self,
        caller: &Principal,
        request: &ChatRequest,
    ) -> Result<OpenedRoom> {
        let nickname = request.origin.nickname.as_ref();
        let nickname = nickname.map(|nickname| nickname.id(caller.owner));
        let Some(key) = &request.session else {
            return self.begin_unnamed(caller, nickname).await;
        };
        let settings = &self.parts.sessions;
        let wanted = SessionUse {
            owner: caller.owner,
            key: key.clone(),
            nickname,
            address: request.origin.address.map(|address| address.to_string()),
            ttl: self.session_ttl(),
            caps: SessionCaps {
                sessions: settings.max.into(),
                sessions_of_address: settings.max_per_ip.into(),
                queries_per_hour: settings.queries_per_hour.into(),
            },
        };
        let now = self.parts.clock.now();
        match self.parts.store.use_session(&wanted, now).await? {
            SessionOutcome::Found(room) => {
                self.count_session("get", 1);
                Ok(OpenedRoom {
                    room,
                    is_new: false,
                })
            }
            SessionOutcome::Begun(room) => {
                self.count_session("create", 1);
                Ok(OpenedRoom { room, is_new: true })
            }
            SessionOutcome::Expired => {
                self.count_session("expire", 1);
                let lived = settings.ttl_seconds;
                Err(not_found(&format!("it was not used for {lived} s")))
            }
            SessionOutcome::Deleted => Err(not_found("it was deleted")),
            SessionOutcome::Unknown => Err(not_found("no session has this id")),
            SessionOutcome::Refused {
                cap,
                allowed,
                retry_after,
            } => {
                let (limit, what) = limit_of(cap);
                let violations = &self.parts.shared_metrics.rate_limit_violations;
                violations.with_label_values(&[limit]).inc();
                let message = format!("Rate limit exceeded: at most {allowed} {what}");
                tracing::warn!(limit, allowed, "{message}");
                let error = Error::new(ErrorKind::RateLimited { retry_after }, message);
                Err(error.with_limit(u32::try_from(allowed).unwrap_or(0)))
            }
        }
    }

    /// How long a session can be continued after its last use.
    pub(super) fn session_ttl(&self) -> TimeDelta {
        let seconds = i64::try_from(self.parts.sessions.ttl_seconds).unwrap_or(i64::MAX / 1_000);
        TimeDelta::seconds(seconds)
    }

    /// Counts what was done with sessions.
    pub(super) fn count_session(&self, operation: &str, count: u64) {
        let operations = &self.parts.metrics.session_operations;
        operations.with_label_values(&[operation]).inc_by(count);
    }

    async fn begin_unnamed(
        &self,
        caller: &Principal,
        nickname: Option<NicknameId>,
    ) -> Result<OpenedRoom> {
        let now = self.parts.clock.now();
        let id = RoomId::new(now);
        let key = SessionKey::parse(&id.to_string())?;
        let room = Room {
            id,
            owner: caller.owner,
            name: key.as_str().to_owned(),
            kind: RoomKind::Session,
            parent: None,
            session_key: Some(key),
            created_at: now,
            updated_at: now,
        };
        let new = NewSession { room, nickname };
        self.parts.store.begin_session(&new, now).await?;
        self.count_session("create", 1);
        Ok(OpenedRoom {
            room: new.room,
            is_new: true,
        })
    }
}

fn not_found(why: &str) -> Error {
    tracing::info!("Session not found: {why}");
    Error::not_found(format!("Session not found: {why}")).with_code(CODE_SESSION_NOT_FOUND)
}

/// A limit's name as a metric's label, and what it limits.
const fn limit_of(cap: SessionCap) -> (&'static str, &'static str) {
    match cap {
        SessionCap::Sessions => ("session_max", "sessions at once"),
        SessionCap::SessionsOfAddress => ("session_max_per_ip", "sessions of one address at once"),
        SessionCap::Queries => ("session_queries", "questions of a session within an hour"),
    }
}
