//! The route of one request: which providers may be called, in which order, each for which model. It
//! is fixed when the request begins.

use super::member::Member;
use std::sync::Arc;

/// The name of the provider that needs no model: it answers with the sources' own sentences.
pub(super) const EXTRACTIVE: &str = "extractive";

/// What a request asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct RouteRequest<'a> {
    /// The provider; `None`: the model's, else the default.
    pub provider: Option<&'a str>,
    /// The model, also as `provider/model`; `None`: the provider's.
    pub model: Option<&'a str>,
}

/// The providers of one request, in order; never the same one twice.
#[derive(Debug, Clone)]
pub struct Route {
    pub(super) steps: Vec<Step>,
    pub(super) ends_extractive: bool,
    /// The provider that should answer; another one is a fallback.
    pub(super) first: String,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) member: Arc<Member>,
    /// The model that was asked for, where it is this provider's.
    pub(super) model: Option<String>,
}

impl Route {
    /// The provider that should answer.
    pub fn provider(&self) -> &str {
        &self.first
    }

    /// The model that should answer.
    pub fn model(&self) -> &str {
        match self.steps.first() {
            Some(step) => step.model.as_deref().unwrap_or(step.member.model()),
            None => EXTRACTIVE,
        }
    }

    /// Whether the sources' own sentences answer when no provider does.
    pub fn ends_extractive(&self) -> bool {
        self.ends_extractive
    }

    /// Whether no upstream is called at all.
    pub fn calls_no_provider(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same without fallbacks: another model's vectors do not compare.
    #[must_use]
    pub fn without_fallbacks(mut self) -> Self {
        self.steps.truncate(1);
        self.steps.retain(|step| step.member.name() == self.first);
        self.ends_extractive = false;
        self
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}
