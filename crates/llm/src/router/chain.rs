//! Every call of a model goes through here: a chain of providers, each behind its breaker and limiter,
//! under one deadline and a budget of retries. A failure is the caller's only when no provider of the
//! chain answers. It knows no vendor and no entry point.

use super::attempt::Attempt;
use super::candidates::{Candidates, Next};
use super::member::Member;
use super::outcome::{Completion, RouteError, Served};
use super::overrides::Overrides;
use super::route::{EXTRACTIVE, Route};
use super::shared::{RouterSettings, Shared};
use crate::guard::Operation;
use crate::{ChatRequest, ProviderError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use ragd_core::clock::Clock;
use ragd_core::error::{Error, Result};
use ragd_core::resilience::{RetryBudget, RetryBudgetSettings};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::time::Instant;

/// The providers and the calls of them; cheap to clone, the clones are one router.
#[derive(Clone)]
pub struct Router(pub(super) Arc<Shared>);

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Router({})", self.0.order.join(", "))
    }
}

impl Router {
    /// A router over `members`, which are called in this order where nothing else is configured.
    ///
    /// # Errors
    /// `Invalid` when the default provider is neither among them nor `extractive`.
    pub fn new(members: Vec<Member>, settings: RouterSettings, clock: Clock) -> Result<Self> {
        let order: Vec<String> = members.iter().map(|one| one.name().to_owned()).collect();
        if settings.default != EXTRACTIVE && !order.contains(&settings.default) {
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

    /// Applies operators' changes, all at once; breakers follow what has changed.
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

    /// Calls the providers of `route`, one after the other, for a whole answer.
    ///
    /// # Errors
    /// [`RouteError`] when none of them answers, or the request itself is refused.
    pub fn complete<'a>(
        &'a self,
        route: &'a Route,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<Completion, RouteError>> {
        Box::pin(async move {
            let mut candidates = self.begin(route, Operation::Chat)?;
            loop {
                let attempt = self.next(&mut candidates).await?;
                let provider = attempt.member().provider();
                let deadline = candidates.call_deadline();
                let response = provider.complete(request, attempt.model(), deadline);
                match response.await {
                    Ok(reply) => {
                        let served = candidates.served(&attempt);
                        if reply.is_withheld {
                            attempt.withheld(reply.usage);
                        } else {
                            attempt.succeed(reply.usage);
                        }
                        return Ok(Completion { reply, served });
                    }
                    Err(error) => self.failed(&mut candidates, attempt, error)?,
                }
            }
        })
    }

    /// As [`Router::complete`], for embeddings in OpenAI's shape, whose answer is passed on as it
    /// came.
    ///
    /// # Errors
    /// As [`Router::complete`].
    pub fn embeddings<'a>(
        &'a self,
        route: &'a Route,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<(Bytes, Served), RouteError>> {
        Box::pin(async move {
            let mut candidates = self.begin(route, Operation::Embeddings)?;
            loop {
                let attempt = self.next(&mut candidates).await?;
                let provider = attempt.member().provider();
                let deadline = candidates.call_deadline();
                let response = provider.embeddings(request, attempt.model(), deadline);
                match response.await {
                    Ok((body, usage)) => {
                        let served = candidates.served(&attempt);
                        attempt.succeed(usage);
                        return Ok((body, served));
                    }
                    Err(error) => self.failed(&mut candidates, attempt, error)?,
                }
            }
        })
    }

    pub(super) fn begin<'a>(
        &self,
        route: &'a Route,
        operation: Operation,
    ) -> Result<Candidates<'a>, RouteError> {
        if route.steps().is_empty() {
            return Err(RouteError::not_configured());
        }
        self.0.budget.deposit();
        let deadline = Instant::now() + self.0.settings.total;
        Ok(Candidates::new(route, operation, deadline))
    }

    /// The next call to make, after a wait where there is something to wait for.
    pub(super) async fn next(
        &self,
        candidates: &mut Candidates<'_>,
    ) -> Result<Attempt, RouteError> {
        loop {
            let now = self.0.clock.now();
            match candidates.next(now, &self.0) {
                Next::Try(attempt) => return Ok(attempt),
                Next::Wait(time) if candidates.allows(time) => self.0.clock.sleep(time).await,
                Next::Wait(_) | Next::GiveUp => return Err(candidates.give_up()),
            }
        }
    }

    /// Takes a failure in; the caller's own ends the candidates.
    pub(super) fn failed(
        &self,
        candidates: &mut Candidates<'_>,
        attempt: Attempt,
        error: ProviderError,
    ) -> Result<(), RouteError> {
        attempt.fail(&error);
        candidates.failed(error)
    }
}
