//! Which of the fields that ragd adds to a request a model does not take: learnt from its refusals and
//! kept for each model of a provider, so that a caller is never refused for what ragd adds. A caller's own
//! field is left alone, but for the limit of tokens, which newer models take under another name.

use super::ProviderError;
use super::request::ChatRequest;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// The limit of tokens under its old and its new name.
const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";
/// The field of a stream that asks for its usage.
pub(super) const STREAM_OPTIONS: &str = "stream_options";

/// How many models are remembered; callers name them.
const MOST_MODELS: usize = 64;

/// One thing that a model does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lesson {
    /// The limit of tokens is called `max_completion_tokens`.
    RenameMaxTokens,
    /// This field is left out.
    Omit(String),
}

/// What one model does not take.
pub(super) type Lessons = std::sync::Arc<[Lesson]>;

/// What was learnt of one provider, by model.
#[derive(Debug, Default)]
pub(super) struct Dialects {
    /// Whether there is anything, so that most calls take no lock.
    has_any: AtomicBool,
    by_model: RwLock<HashMap<String, Lessons>>,
}

impl Dialects {
    /// What is known of a model.
    pub(super) fn of(&self, model: &str) -> Lessons {
        if !self.has_any.load(Ordering::Acquire) {
            return Lessons::default();
        }
        let known = self.by_model.read().unwrap_or_else(PoisonError::into_inner);
        known.get(model).cloned().unwrap_or_default()
    }

    /// Keeps one more lesson about a model.
    pub(super) fn keep(&self, model: &str, lesson: Lesson) {
        let mut known = self
            .by_model
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_MODELS && !known.contains_key(model) {
            known.clear();
        }
        let lessons = known.entry(model.to_owned()).or_default();
        if !lessons.contains(&lesson) {
            *lessons = lessons.iter().cloned().chain([lesson]).collect();
        }
        drop(known);
        self.has_any.store(true, Ordering::Release);
    }
}

/// What a refusal of `request` teaches, beyond what is known; `None` if it is not about a field that
/// ragd adds or may translate.
pub(super) fn learn(
    error: &ProviderError,
    request: &ChatRequest,
    known: &[Lesson],
    stream: bool,
) -> Option<Lesson> {
    let refused = error.refused_field.as_deref()?;
    let is_sent = |name: &str| request.field(name).is_some() && !omits(known, name);
    let is_renamed = known.contains(&Lesson::RenameMaxTokens);
    if is_sent(MAX_TOKENS) && !is_renamed && refused.is_of(MAX_TOKENS) {
        let is_ours = request.is_ours(MAX_TOKENS);
        let wants_new_name = refused.names(MAX_COMPLETION_TOKENS);
        if wants_new_name && request.field(MAX_COMPLETION_TOKENS).is_none() {
            return Some(Lesson::RenameMaxTokens);
        }
        return is_ours.then(|| Lesson::Omit(MAX_TOKENS.to_owned()));
    }
    if is_sent(MAX_TOKENS)
        && is_renamed
        && request.is_ours(MAX_TOKENS)
        && refused.is_of(MAX_COMPLETION_TOKENS)
    {
        return Some(Lesson::Omit(MAX_TOKENS.to_owned()));
    }
    if stream && !omits(known, STREAM_OPTIONS) && refused.is_of(STREAM_OPTIONS) {
        return Some(Lesson::Omit(STREAM_OPTIONS.to_owned()));
    }
    request
        .ours()
        .find(|name| *name != "messages" && is_sent(name) && refused.is_of(name))
        .map(|name| Lesson::Omit(name.to_owned()))
}

/// Whether a field is left out.
pub(super) fn omits(lessons: &[Lesson], name: &str) -> bool {
    let is_it = |lesson: &Lesson| matches!(lesson, Lesson::Omit(omitted) if omitted == name);
    lessons.iter().any(is_it)
}

/// The request as a model of these lessons takes it.
pub(super) fn adapted<'a>(request: &'a ChatRequest, lessons: &[Lesson]) -> Cow<'a, ChatRequest> {
    if lessons.is_empty() {
        return Cow::Borrowed(request);
    }
    let mut adapted = request.clone();
    // What a caller asks for is not left out without their knowledge.
    for name in request.ours().filter(|name| omits(lessons, name)) {
        let _omitted = adapted.take_field(name);
    }
    if lessons.contains(&Lesson::RenameMaxTokens) {
        adapted.rename_field(MAX_TOKENS, MAX_COMPLETION_TOKENS);
    }
    Cow::Owned(adapted)
}

impl std::fmt::Display for Lesson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RenameMaxTokens => write!(f, "{MAX_TOKENS} is sent as {MAX_COMPLETION_TOKENS}"),
            Self::Omit(name) => write!(f, "{name} is not sent"),
        }
    }
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
