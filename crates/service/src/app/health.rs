//! The health of the application and its dependencies, for the health routes. Makes no upstream call.

use super::App;
use futures_util::future::BoxFuture;
use ragd_core::resilience::BreakerState;
use ragd_embed::Embedder;
use ragd_llm::{Member, MemberSnapshot};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How long a component may take to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The state of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It works.
    Healthy,
    /// It works in part.
    Degraded,
    /// It does not work.
    Unhealthy,
}

/// One component.
#[derive(Debug, Clone, Serialize)]
pub struct ComponentHealth {
    /// Its name.
    pub name: String,
    /// Its state.
    pub status: HealthStatus,
    /// How long its answer took.
    pub latency_ms: Option<f64>,
    /// Why it is not healthy.
    pub reason: Option<String>,
    /// What it is.
    pub detail: Option<String>,
}

/// The health of everything.
#[derive(Debug, Clone, Serialize)]
pub struct HealthReport {
    /// The database, named by its engine.
    pub database: ComponentHealth,
    /// The others.
    pub components: Vec<ComponentHealth>,
    /// The configured providers.
    pub providers: Vec<ComponentHealth>,
    /// Why this process must not get traffic; `None`: it may.
    pub not_ready: Option<String>,
}

impl ComponentHealth {
    fn healthy(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            status: HealthStatus::Healthy,
            latency_ms: None,
            reason: None,
            detail: None,
        }
    }

    fn failing(mut self, status: HealthStatus, reason: impl Into<String>) -> Self {
        self.status = status;
        self.reason = Some(reason.into());
        self
    }
}

impl App {
    /// Checks everything, within about two seconds; also sets `dependency_up`.
    pub fn health(&self) -> BoxFuture<'_, HealthReport> {
        Box::pin(async move {
            let database = self.database_health().await;
            let index = self.index_health().await;
            let embeddings = self.embedding_health();
            let providers = self.provider_health();
            let not_ready = if database.status == HealthStatus::Unhealthy {
                database.reason.clone()
            } else if index.status == HealthStatus::Unhealthy {
                let reason = index.reason.as_deref().unwrap_or("it does not answer");
                Some(format!("vector_store: {reason}"))
            } else if !self.is_caught_up() {
                Some("vector_store: the index is catching up with the database".to_owned())
            } else {
                None
            };
            let mut components = vec![index, embeddings];
            components.push(all_providers(&providers));
            components.extend(self.rerank_health());
            for component in components.iter().chain([&database]) {
                let up = i64::from(component.status != HealthStatus::Unhealthy);
                self.metrics()
                    .dependency_up
                    .with_label_values(&[component.name.as_str()])
                    .set(up);
            }
            components.extend(self.redis_health().await);
            HealthReport {
                database,
                components,
                providers,
                not_ready,
            }
        })
    }

    /// Each provider, by its breaker, its limiter and its last call; makes no call.
    fn provider_health(&self) -> Vec<ComponentHealth> {
        let router = self.router();
        router.observe();
        let now = self.clock().now();
        let mut providers: Vec<ComponentHealth> = router
            .members()
            .map(|member| member_health(member, &member.snapshot(now)))
            .collect();
        if router.default_provider() == "extractive" {
            providers.push(ComponentHealth::healthy("extractive"));
        }
        providers
    }

    /// By the last request; makes none.
    fn embedding_health(&self) -> ComponentHealth {
        let mut health = ComponentHealth::healthy("embeddings");
        let space = self.follower().space();
        health.detail = self.embedder().map(|embedder| match &embedder {
            Embedder::Local(local) => format!("{} in this process", local.model_id()),
            Embedder::Endpoint(endpoint) => {
                format!("{} at {}", endpoint.model_id(), endpoint.address())
            }
        });
        health.detail = health
            .detail
            .or_else(|| space.map(|space| format!("{space}, not in use")));
        match self.embedding_trouble() {
            None => health,
            Some(reason) => health.failing(HealthStatus::Degraded, reason),
        }
    }

    async fn database_health(&self) -> ComponentHealth {
        let begun = Instant::now();
        let answer = tokio::time::timeout(TIMEOUT, self.store().ping()).await;
        let mut health = ComponentHealth::healthy(self.store().backend_name());
        health.latency_ms = Some(begun.elapsed().as_secs_f64() * 1_000.0);
        match answer {
            Ok(Ok(())) => health,
            Ok(Err(error)) => health.failing(HealthStatus::Unhealthy, error.to_string()),
            Err(_) => health.failing(HealthStatus::Unhealthy, "database unavailable: no answer"),
        }
    }

    /// The cache's Redis, with `dependency_up`; `None` without one. ragd works without it, so it is
    /// never worse than degraded.
    async fn redis_health(&self) -> Option<ComponentHealth> {
        let server = self.cache().server()?;
        let begun = Instant::now();
        let answer = tokio::time::timeout(TIMEOUT, self.cache().ping()).await;
        let mut health = ComponentHealth::healthy("redis");
        health.latency_ms = Some(begun.elapsed().as_secs_f64() * 1_000.0);
        health.detail = Some(server.address().to_owned());
        let health = match answer {
            Ok(Ok(())) => health,
            Ok(Err(error)) => health.failing(HealthStatus::Degraded, error.chain()),
            Err(_) => health.failing(HealthStatus::Degraded, "no answer in time"),
        };
        self.metrics()
            .dependency_up
            .with_label_values(&["redis"])
            .set(i64::from(health.status == HealthStatus::Healthy));
        Some(health)
    }

    /// The reranker, by its breaker; `None` without one.
    fn rerank_health(&self) -> Option<ComponentHealth> {
        let reranking = self.retrieval().reranking()?;
        let health = ComponentHealth::healthy("rerank");
        Some(match reranking.state() {
            BreakerState::Closed => health,
            BreakerState::Open | BreakerState::HalfOpen => health.failing(
                HealthStatus::Degraded,
                format!(
                    "Circuit breaker open: {} failed again and again",
                    reranking.name()
                ),
            ),
        })
    }

    async fn index_health(&self) -> ComponentHealth {
        let begun = Instant::now();
        let answer = tokio::time::timeout(TIMEOUT, self.follower().index().health()).await;
        let mut health = ComponentHealth::healthy("vector_store");
        health.latency_ms = Some(begun.elapsed().as_secs_f64() * 1_000.0);
        let lag = self.follower().lag();
        match answer {
            Ok(Ok(_)) if !self.is_caught_up() => health.failing(
                HealthStatus::Degraded,
                format!("catching up, {lag} changes behind"),
            ),
            Ok(Ok(_)) if lag > 1_000 => {
                health.failing(HealthStatus::Degraded, format!("{lag} changes behind"))
            }
            Ok(Ok(_)) => health,
            Ok(Err(error)) => health.failing(HealthStatus::Unhealthy, error.to_string()),
            // A server that does not answer in time counts as unavailable; the engine inside this
            // process is only busy.
            Err(_) if self.follower().index().is_shared() => {
                health.failing(HealthStatus::Unhealthy, "no answer in time")
            }
            Err(_) => health.failing(HealthStatus::Degraded, "no answer in time"),
        }
    }
}

fn member_health(member: &Member, seen: &MemberSnapshot) -> ComponentHealth {
    let name = member.name();
    let mut health = ComponentHealth::healthy(name);
    health.detail = Some(format!(
        "{} at {}",
        member.model(),
        member.provider().base_url()
    ));
    let states = seen
        .breakers
        .iter()
        .filter(|(_, breaker)| breaker.state != BreakerState::Closed);
    let worst = states.max_by_key(|(_, breaker)| breaker.state == BreakerState::Open);
    if let Some((_, why)) = seen.limiter.unusable {
        return health.failing(
            HealthStatus::Unhealthy,
            format!("{name} cannot be used: {why}"),
        );
    }
    if let Some((operation, breaker)) = worst {
        let operation = operation.as_str();
        return match breaker.state {
            BreakerState::Open => {
                let reason = format!("Circuit breaker open: {name} ({operation})");
                health.failing(HealthStatus::Unhealthy, reason)
            }
            _ => {
                let reason =
                    format!("Circuit breaker half-open: {name} ({operation}) is being tried");
                health.failing(HealthStatus::Degraded, reason)
            }
        };
    }
    if seen.limiter.cools_for.is_some() {
        let reason = format!("{name} asked to be left alone");
        return health.failing(HealthStatus::Degraded, reason);
    }
    health
}

/// All providers as one component: unhealthy when no provider can be asked.
fn all_providers(providers: &[ComponentHealth]) -> ComponentHealth {
    let health = ComponentHealth::healthy("providers");
    let reasons: Vec<&str> = providers
        .iter()
        .filter_map(|one| one.reason.as_deref())
        .collect();
    if reasons.is_empty() {
        return health;
    }
    let is_up = |one: &ComponentHealth| one.status != HealthStatus::Unhealthy;
    let status = if providers.iter().any(is_up) {
        HealthStatus::Degraded
    } else {
        HealthStatus::Unhealthy
    };
    health.failing(status, reasons.join("; "))
}
