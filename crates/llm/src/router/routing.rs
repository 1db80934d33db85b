//! Makes the route of a request out of what it asks for, the configuration and operators' changes.

use super::chain::Router;
use super::member::Member;
use super::route::{EXTRACTIVE, Route, RouteRequest, Step};
use ragd_core::error::{Error, Result};
use std::sync::Arc;

/// How the names of vendors' models begin.
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

    /// The route of a request: the provider that it asks for, or whose model it asks for; the default;
    /// then the fallbacks. Where the default is forced it is the only one.
    ///
    /// # Errors
    /// `Invalid` when it asks for a provider that is not configured.
    pub fn route(&self, request: RouteRequest<'_>) -> Result<Route> {
        let default = self.default_provider();
        let is_forced = self.is_forced();
        let (first, model) = if is_forced {
            (default.clone(), None)
        } else {
            self.first(request, &default)?
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
                // It always answers, so no provider comes after it.
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

    /// The provider that is called first, and for which model.
    fn first(&self, request: RouteRequest<'_>, default: &str) -> Result<(String, Option<String>)> {
        let owned = |model: Option<&str>| model.map(str::to_owned);
        if let Some(name) = request.provider {
            if name != EXTRACTIVE && !self.0.members.contains_key(name) {
                return Err(self.not_configured(name));
            }
            let prefixed = request.model.and_then(|model| model.strip_prefix(name));
            let bare = prefixed.and_then(|rest| rest.strip_prefix('/'));
            return Ok((name.to_owned(), owned(bare.or(request.model))));
        }
        let Some(model) = request.model else {
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

    /// The provider whose model this is, where that is known.
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
