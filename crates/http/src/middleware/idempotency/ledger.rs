//! The keys in use: each is claimed in the cache while its request runs, and then holds the response for
//! a day. Entries are encrypted for their key and owner. A claim that is dropped, because the client has
//! disconnected or the handler panicked, releases its key; the claim of a process that died expires.

use axum::http::StatusCode;
use bytes::Bytes;
use ragd_core::domain::{OwnerId, Sha256};
use ragd_core::error::{Error, Result};
use ragd_service::app::App;
use ragd_service::cache::{Cache, CacheKey, Space};
use ragd_service::secret::{Belongs, Sealer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// How long a response is kept.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);
/// How much longer than the request timeout a claim lasts.
const GRACE: Duration = Duration::from_secs(30);
/// Attempts to claim a key that is released or expires meanwhile.
const TRIES: usize = 3;
/// A longer response is not kept.
const MAX_KEPT_BYTES: usize = 4 * 1_024 * 1_024;

/// A response as it was sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) media_type: String,
    pub(super) body: String,
}

impl Answered {
    /// A response of ragd, which is always text.
    pub(super) fn new(status: StatusCode, media_type: &str, body: &[u8]) -> Self {
        Self {
            status: status.as_u16(),
            media_type: media_type.to_owned(),
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }
}

/// What a key holds.
#[derive(Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    /// `None` while the request runs.
    answered: Option<Answered>,
}

/// What a key means for a request.
pub(super) enum Standing {
    /// It is the first request with the key: it may run.
    Mine(Box<Claim>),
    /// The first request has ended.
    Answered(Answered),
    /// The first request is still running.
    UnderWay,
    /// The key belongs to a different request.
    Reused,
    /// The cache is unavailable: the request may run.
    Unguarded,
}

/// A key within its owner and path.
#[derive(Clone)]
pub(super) struct Name {
    key: CacheKey,
    place: Belongs,
}

impl Name {
    pub(super) fn of(owner: OwnerId, route: &str, key: &str) -> Self {
        let hash = Sha256::of(json!([owner, route, key]).to_string().as_bytes());
        let mut row = [0; 16];
        row.copy_from_slice(&hash.0[..16]);
        Self {
            key: CacheKey::new(Space::Idempotency, hash.to_hex()),
            place: Belongs {
                table: "cache",
                column: "idempotency",
                row: Uuid::from_bytes(row),
                owner,
            },
        }
    }
}

/// Where keys are kept.
#[derive(Clone)]
pub(super) struct Ledger {
    cache: Cache,
    sealer: Sealer,
    /// How long a claim lasts if nothing ends it.
    claimed_for: Duration,
}

impl Ledger {
    pub(super) fn of(app: &App) -> Self {
        let longest = Duration::from_secs(app.config().server.request_timeout_seconds);
        Self {
            cache: app.cache().clone(),
            sealer: app.sealer().clone(),
            claimed_for: longest + GRACE,
        }
    }

    /// Claims `name` for the request of `fingerprint`, or returns what holds it.
    ///
    /// # Errors
    /// `Internal` when the system gives no random bytes.
    pub(super) async fn claim(self, name: Name, fingerprint: String) -> Result<Standing> {
        let record = Record {
            fingerprint,
            answered: None,
        };
        // Every encryption differs, so the sealed claim identifies its owner.
        let claim = self.sealed(&record, &name)?;
        match self.look(&name, &claim, &record.fingerprint).await {
            Ok(Some(standing)) => Ok(standing),
            Ok(None) => Ok(Standing::Mine(Box::new(Claim {
                ledger: self,
                name,
                fingerprint: record.fingerprint,
                held: Some(claim),
            }))),
            Err(error) => {
                tracing::warn!(
                    error = error.chain(),
                    "Idempotency-Key cannot be honoured now"
                );
                Ok(Standing::Unguarded)
            }
        }
    }

    /// Stores `claim`; returns what holds the key if it is taken.
    async fn look(&self, name: &Name, claim: &Bytes, wanted: &str) -> Result<Option<Standing>> {
        for _ in 0..TRIES {
            let claimed = self
                .cache
                .put_if_absent(&name.key, claim.clone(), self.claimed_for);
            if claimed.await? {
                return Ok(None);
            }
            let Some(held) = self.cache.get(&name.key).await? else {
                continue;
            };
            match self.opened(&held, name) {
                Ok(record) if record.fingerprint != wanted => return Ok(Some(Standing::Reused)),
                Ok(record) => {
                    let standing = record.answered.map(Standing::Answered);
                    return Ok(Some(standing.unwrap_or(Standing::UnderWay)));
                }
                Err(error) => {
                    tracing::warn!(error = error.chain(), "a kept response cannot be read");
                    self.cache.delete_if(&name.key, &held).await?;
                }
            }
        }
        Ok(Some(Standing::UnderWay))
    }

    fn sealed(&self, record: &Record, name: &Name) -> Result<Bytes> {
        let json = serde_json::to_string(record).map_err(|error| {
            Error::internal("a response cannot be serialised").with_source(error)
        })?;
        self.sealer.seal(&json, &name.place).map(Bytes::from)
    }

    fn opened(&self, sealed: &[u8], name: &Name) -> Result<Record> {
        let json = self.sealer.open(sealed, &name.place)?;
        serde_json::from_str(&json).map_err(|error| {
            Error::internal("a kept response has another format").with_source(error)
        })
    }
}

/// A key that is claimed for a running request.
pub(super) struct Claim {
    ledger: Ledger,
    name: Name,
    fingerprint: String,
    /// The claim's entry in the cache; `None` once it has ended.
    held: Option<Bytes>,
}

impl Claim {
    /// Replaces the claim with the response. This completes even when the client disconnects: the
    /// work is done.
    pub(super) async fn keep(mut self, answered: Answered) {
        if answered.body.len() > MAX_KEPT_BYTES {
            tracing::warn!("a response is too long to be kept for its Idempotency-Key");
            return self.release().await;
        }
        let Some(held) = self.held.take() else { return };
        let record = Record {
            fingerprint: std::mem::take(&mut self.fingerprint),
            answered: Some(answered),
        };
        let (ledger, name) = (self.ledger.clone(), self.name.clone());
        let keeping = tokio::spawn(async move {
            let sealed = ledger.sealed(&record, &name)?;
            let kept = ledger.cache.replace(&name.key, &held, sealed, KEPT_FOR);
            kept.await
        });
        match keeping.await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => tracing::warn!("an Idempotency-Key's claim ended before its request"),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = error.chain(),
                    "a response was not kept for its Idempotency-Key"
                );
            }
            Err(_) => tracing::warn!("a response was not kept for its Idempotency-Key"),
        }
    }

    /// Releases the key, so that the request may be sent again.
    pub(super) async fn release(mut self) {
        if let Some(held) = self.held.take() {
            free(self.ledger.cache.clone(), self.name.key.clone(), held).await;
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        // Without a runtime the process is ending, and the claim expires.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (cache, key) = (self.ledger.cache.clone(), self.name.key.clone());
            runtime.spawn(free(cache, key, held));
        }
    }
}

async fn free(cache: Cache, key: CacheKey, held: Bytes) {
    if let Err(error) = cache.delete_if(&key, &held).await {
        tracing::warn!(
            error = error.chain(),
            "an Idempotency-Key stays claimed until its claim expires"
        );
    }
}
