//! Stand-in while the real one is being written; never committed.
use crate::auth::Auth;
use crate::chat::Chat;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::AuditRecord;
use crate::ingest::Ingest;
use crate::retrieval::Retrieval;
use crate::store::Store;
use crate::telemetry::Metrics;
use serde::Serialize;
use std::sync::Arc;

/// x
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// x
    Healthy,
    /// x
    Degraded,
    /// x
    Unhealthy,
}
/// x
#[derive(Debug, Clone)]
pub struct ComponentHealth {
    /// x
    pub name: String,
    /// x
    pub status: HealthStatus,
    /// x
    pub latency_ms: Option<f64>,
    /// x
    pub reason: Option<String>,
}
/// x
#[derive(Debug, Clone)]
pub struct HealthReport {
    /// x
    pub database: ComponentHealth,
    /// x
    pub components: Vec<ComponentHealth>,
    /// x
    pub providers: Vec<ComponentHealth>,
    /// x
    pub not_ready: Option<String>,
}

/// x
#[derive(Clone)]
pub struct App(Arc<Inner>);
struct Inner {
    config: Config,
    clock: Clock,
    metrics: Arc<Metrics>,
    store: Store,
    auth: Auth,
    ingest: Ingest,
    retrieval: Retrieval,
    chat: Chat,
    health: HealthReport,
}
impl App {
    /// x
    pub fn config(&self) -> &Config {
        &self.0.config
    }
    /// x
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    /// x
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
    /// x
    pub fn store(&self) -> &Store {
        &self.0.store
    }
    /// x
    pub fn auth(&self) -> &Auth {
        &self.0.auth
    }
    /// x
    pub fn ingest(&self) -> &Ingest {
        &self.0.ingest
    }
    /// x
    pub fn retrieval(&self) -> &Retrieval {
        &self.0.retrieval
    }
    /// x
    pub fn chat(&self) -> &Chat {
        &self.0.chat
    }
    /// x
    pub async fn health(&self) -> HealthReport {
        self.0.health.clone()
    }
    /// x
    pub async fn audit(&self, _record: AuditRecord) {}
}
