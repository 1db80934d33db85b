//! Whom to ask, and whom next: every call of a model, from whatever door, goes through here. A chain
//! of providers, each behind its breaker and limiter, under one deadline and a budget of retries; a
//! failure is the caller's only when nobody in the chain answers. It knows no vendor and no door.

mod attempt;
mod member;
mod outcome;
mod overrides;
mod route;
mod series;
mod streaming;
mod walk;

pub use member::{LastCall, Member, MemberParts, MemberSettings, MemberSnapshot, Operation};
pub use outcome::{Answered, Answering, RouteError, RouteErrorKind, Served};
pub use overrides::Overrides;
pub use route::{Route, Wish};

use super::{ChatRequest, ProviderError};
use attempt::Attempt;
use bytes::Bytes;
use ragd_core::clock::Clock;
use ragd_core::error::{Error, Result};
use ragd_core::resilience::{RetryBudget, RetryBudgetSettings};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;
use walk::{Next, Walk};

/// The most calls of upstreams that one request makes.
const MAX_CALLS: u32 = 3;

/// How requests find their providers.
#[derive(Debug, Clone)]
pub struct RouterSettings {
    /// The default provider's name; `extractive` is none that is called.
    pub default: String,
    /// Who stands in, in this order; empty: every provider in its own order.
    pub fallbacks: Vec<String>,
    /// Whether the default provider answers everything.
    pub forced: bool,
    /// How long one request may take, over all its tries.
    pub total: Duration,
    /// How often the same provider is asked again for one request: 0 or 1.
    pub retries: u32,
    /// The longest wait before it is asked again.
    pub retry_wait: Duration,
}

/// The providers and the way through them; cheap to clone, the clones are one router.
#[derive(Clone)]
pub struct Router(Arc<Shared>);

struct Shared {
    members: BTreeMap<String, Arc<Member>>,
    /// The members' names in the order of the configuration.
    order: Vec<String>,
    settings: RouterSettings,
    overrides: RwLock<Arc<Overrides>>,
    budget: RetryBudget,
    clock: Clock,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Router({})", self.0.order.join(", "))
    }
}

impl Router {
    /// A router over `members`, which are asked in this order where nothing else is said.
    ///
    /// # Errors
    /// `Invalid` when the default provider is neither among them nor `extractive`.
    pub fn new(members: Vec<Member>, settings: RouterSettings, clock: Clock) -> Result<Self> {
        let order: Vec<String> = members.iter().map(|one| one.name().to_owned()).collect();
        if settings.default != route::EXTRACTIVE && !order.contains(&settings.default) {
            return Err(Error::invalid(format!(
                "LLM_PROVIDER: '{}' is not configured",
                settings.default
            )));
        }
        let named = order.iter().cloned().zip(members.into_iter().map(Arc::new));
        let members = named.collect();
        Ok(Self(Arc::new(Shared {
            members,
            order,
            settings,
            overrides: RwLock::default(),
            budget: RetryBudget::new(RetryBudgetSettings::default()),
            clock,
        })))
    }

    /// The providers in the order of the configuration.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        let found = |name: &String| self.0.members.get(name);
        self.0.order.iter().filter_map(found).map(Arc::as_ref)
    }

    /// One provider by its name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.0.members.get(name).map(Arc::as_ref)
    }

    /// What operators have changed while it runs.
    pub fn overrides(&self) -> Arc<Overrides> {
        let overrides = self.0.overrides.read();
        Arc::clone(&overrides.unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts operators' changes in force, all at once; breakers follow what has changed.
    pub fn apply_overrides(&self, overrides: Overrides) {
        let new = Arc::new(overrides);
        let mut held = self
            .0
            .overrides
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *held, Arc::clone(&new));
        drop(held);
        let now = self.0.clock.now();
        for member in self.members() {
            member.follow(&old, &new, now);
        }
        self.observe();
    }

    /// Brings the gauges up to date: a breaker's state also changes by time alone.
    pub fn observe(&self) {
        let now = self.0.clock.now();
        for member in self.members() {
            member.observe(now);
        }
    }

    /// Asks the providers of `route`, one after the other, for a whole answer.
    ///
    /// # Errors
    /// [`RouteError`] when none of them answers, or the request is one that nobody can answer.
    pub async fn complete(
        &self,
        route: &Route,
        request: &ChatRequest,
    ) -> Result<Answered, RouteError> {
        let mut walk = self.begin(route, Operation::Chat)?;
        loop {
            let attempt = self.next(&mut walk).await?;
            let provider = attempt.member().provider();
            let asked = (request, attempt.model());
            match provider.complete(asked, walk.call_deadline()).await {
                Ok(reply) => {
                    let served = walk.served(&attempt);
                    attempt.succeed(reply.usage);
                    return Ok(Answered { reply, served });
                }
                Err(error) => self.failed(&mut walk, attempt, error)?,
            }
        }
    }

    /// As [`Router::complete`], for embeddings in OpenAI's shape, whose answer is passed on as it
    /// came.
    ///
    /// # Errors
    /// As [`Router::complete`].
    pub async fn embeddings(
        &self,
        route: &Route,
        request: &ChatRequest,
    ) -> Result<(Bytes, Served), RouteError> {
        let mut walk = self.begin(route, Operation::Embeddings)?;
        loop {
            let attempt = self.next(&mut walk).await?;
            let provider = attempt.member().provider();
            let asked = (request, attempt.model());
            match provider.embeddings(asked, walk.call_deadline()).await {
                Ok((body, usage)) => {
                    let served = walk.served(&attempt);
                    attempt.succeed(usage);
                    return Ok((body, served));
                }
                Err(error) => self.failed(&mut walk, attempt, error)?,
            }
        }
    }

    fn begin<'a>(&self, route: &'a Route, operation: Operation) -> Result<Walk<'a>, RouteError> {
        if route.steps().is_empty() {
            return Err(RouteError::nobody());
        }
        self.0.budget.deposit();
        let deadline = Instant::now() + self.0.settings.total;
        Ok(Walk::new(route, operation, deadline))
    }

    /// The next call to make; waits where that is what is left to do.
    async fn next(&self, walk: &mut Walk<'_>) -> Result<Attempt, RouteError> {
        loop {
            let now = self.0.clock.now();
            match walk.next(now, self) {
                Next::Try(attempt) => return Ok(attempt),
                Next::Wait(time) if walk.allows(time) => self.0.clock.sleep(time).await,
                Next::Wait(_) | Next::GiveUp => return Err(walk.give_up()),
            }
        }
    }

    /// Takes a failure in; the caller's own ends the walk.
    fn failed(
        &self,
        walk: &mut Walk<'_>,
        attempt: Attempt,
        error: ProviderError,
    ) -> Result<(), RouteError> {
        attempt.fail(&error);
        walk.failed(error)
    }
}
