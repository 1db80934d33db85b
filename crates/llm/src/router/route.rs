//! The way of one request: which providers are asked, in which order, each with which model. It is
//! fixed when the request begins.

use super::{Member, Router};
use ragd_core::error::{Error, Result};
use std::sync::Arc;

/// The name of the provider that needs no model: it answers with the sources' own sentences.
pub(super) const EXTRACTIVE: &str = "extractive";

/// The beginnings by which vendors' models are known.
const FAMILIES: [(&str, &str); 8] = [
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "google"),
];

/// What a request asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// The provider; `None`: the model's, else the default.
    pub provider: Option<&'a str>,
    /// The model, also as `provider/model`; `None`: the provider's.
    pub model: Option<&'a str>,
}

/// The providers of one request, in order; never the same one twice.
#[derive(Debug, Clone)]
pub struct Route {
    steps: Vec<Step>,
    ends_extractive: bool,
    /// Who should answer; another one is a fallback.
    first: String,
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

    /// Whether the sources' own sentences answer when nobody else does.
    pub fn ends_extractive(&self) -> bool {
        self.ends_extractive
    }

    /// Whether no upstream is asked at all.
    pub fn asks_nobody(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same without anybody who would stand in: another model's vectors do not compare.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.steps.truncate(1);
        self.steps.retain(|step| step.member.name() == self.first);
        self.ends_extractive = false;
        self
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Router {
    /// The default provider's name, as operators have it now.
    pub fn default_provider(&self) -> String {
        let chosen = self.overrides().default_provider.clone();
        let is_there = |name: &String| name == EXTRACTIVE || self.0.members.contains_key(name);
        chosen
            .filter(is_there)
            .unwrap_or_else(|| self.0.settings.default.clone())
    }

    /// The default provider's model.
    pub fn default_model(&self) -> String {
        let member = self.member(&self.default_provider());
        member.map_or_else(|| EXTRACTIVE.to_owned(), |one| one.model().to_owned())
    }

    /// Whether the default provider answers everything.
    pub fn is_forced(&self) -> bool {
        self.overrides().forced.unwrap_or(self.0.settings.forced)
    }

    /// The way of a request: the provider that it asks for, or whose model it asks for; the default;
    /// who else stands in. Where the default is forced it is the only one.
    ///
    /// # Errors
    /// `Invalid` when it asks for a provider that is not configured.
    pub fn route(&self, wish: Wish<'_>) -> Result<Route> {
        let default = self.default_provider();
        let is_forced = self.is_forced();
        let (first, model) = if is_forced {
            (default.clone(), None)
        } else {
            self.first(wish, &default)?
        };
        let mut names = vec![first.clone()];
        if !is_forced {
            names.push(default);
            let listed = &self.0.settings.fallbacks;
            names.extend(
                if listed.is_empty() {
                    self.0.order.iter().cloned()
                } else {
                    listed.iter().cloned()
                }
                .collect::<Vec<_>>(),
            );
        }
        Ok(self.through(names, model))
    }

    fn through(&self, names: Vec<String>, model: Option<String>) -> Route {
        let overrides = self.overrides();
        let mut route = Route {
            steps: Vec::new(),
            ends_extractive: false,
            first: names.first().cloned().unwrap_or_default(),
        };
        for (at, name) in names.iter().enumerate() {
            if name == EXTRACTIVE {
                // It always answers, so nobody comes after it.
                route.ends_extractive = true;
                break;
            }
            let is_new = names.iter().position(|other| other == name) == Some(at);
            let member = self.0.members.get(name);
            let Some(member) = member.filter(|_| is_new && !overrides.disabled.contains(name))
            else {
                continue;
            };
            route.steps.push(Step {
                member: Arc::clone(member),
                model: model.clone().filter(|_| at == 0),
            });
        }
        route
    }

    /// Who is asked first, and for which model.
    fn first(&self, wish: Wish<'_>, default: &str) -> Result<(String, Option<String>)> {
        let owned = |model: Option<&str>| model.map(str::to_owned);
        if let Some(name) = wish.provider {
            if name != EXTRACTIVE && !self.0.members.contains_key(name) {
                return Err(self.not_configured(name));
            }
            let prefixed = wish.model.and_then(|model| model.strip_prefix(name));
            let bare = prefixed.and_then(|rest| rest.strip_prefix('/'));
            return Ok((name.to_owned(), owned(bare.or(wish.model))));
        }
        let Some(model) = wish.model else {
            return Ok((default.to_owned(), None));
        };
        if model == EXTRACTIVE {
            return Ok((EXTRACTIVE.to_owned(), None));
        }
        if let Some((name, rest)) = model.split_once('/')
            && self.0.members.contains_key(name)
        {
            return Ok((name.to_owned(), owned(Some(rest))));
        }
        let name = self.owner_of(model).unwrap_or(default);
        Ok((name.to_owned(), owned(Some(model))))
    }

    /// The provider whose model this is, where that can be told.
    fn owner_of(&self, model: &str) -> Option<&str> {
        let has_it = |member: &&Member| member.model() == model;
        if let Some(member) = self.members().find(has_it) {
            return Some(member.name());
        }
        let family = FAMILIES.iter().find(|(start, _)| model.starts_with(start));
        let name = family.map(|(_, name)| *name)?;
        self.member(name).map(Member::name)
    }

    fn not_configured(&self, name: &str) -> Error {
        let names = self.0.order.iter().map(String::as_str);
        let configured: Vec<&str> = names.chain([EXTRACTIVE]).collect();
        Error::invalid(format!(
            "provider: '{name}' is not configured here; there is {}",
            configured.join(", ")
        ))
    }
}
