//! Overrides: what operators change while ragd runs. They are stored in SQL; every process reads them
//! every two seconds and applies them all at once. An override remembers the configured value that it
//! replaced; a start with another configured value drops it.

use super::App;
use crate::config::LlmConfig;
use chrono::{DateTime, Utc};
use ragd_core::error::{Error, Result};
use ragd_llm::{Overrides, Router};
use ragd_store::{Override, Store};
use serde_json::Value;
use std::time::Duration;

/// How often a process reads the overrides: every process applies a change within five seconds.
const READ_EVERY: Duration = Duration::from_secs(2);

/// What can be overridden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverrideName {
    /// Who is the default provider: its name.
    DefaultProvider,
    /// Whether the default provider answers everything: true or false.
    ForceDefaultProvider,
    /// That a provider is sent nothing: true.
    Disabled(String),
    /// That a provider's breakers are held open: true.
    ForcedOpen(String),
    /// When a provider's breakers were reset: a time.
    Reset(String),
}

impl OverrideName {
    fn stored(&self) -> String {
        match self {
            Self::DefaultProvider => "llm.default_provider".to_owned(),
            Self::ForceDefaultProvider => "llm.force_default_provider".to_owned(),
            Self::Disabled(provider) => format!("provider.{provider}.disabled"),
            Self::ForcedOpen(provider) => format!("provider.{provider}.forced_open"),
            Self::Reset(provider) => format!("provider.{provider}.reset"),
        }
    }

    fn parse(stored: &str) -> Option<Self> {
        match stored {
            "llm.default_provider" => return Some(Self::DefaultProvider),
            "llm.force_default_provider" => return Some(Self::ForceDefaultProvider),
            _ => {}
        }
        let (provider, what) = stored.strip_prefix("provider.")?.rsplit_once('.')?;
        let provider = provider.to_owned();
        match what {
            "disabled" => Some(Self::Disabled(provider)),
            "forced_open" => Some(Self::ForcedOpen(provider)),
            "reset" => Some(Self::Reset(provider)),
            _ => None,
        }
    }

    /// The configured value.
    fn baseline(&self, config: &LlmConfig) -> String {
        match self {
            Self::DefaultProvider => config.default_provider().to_owned(),
            Self::ForceDefaultProvider => config.force_default_provider.to_string(),
            Self::Disabled(_) | Self::ForcedOpen(_) | Self::Reset(_) => String::new(),
        }
    }
}

/// A change of one override.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is overridden.
    pub name: OverrideName,
    /// The new value; `None` removes the override.
    pub value: Option<Value>,
    /// How long it holds; `None`: until it is removed.
    pub expires_in: Option<Duration>,
}

impl App {
    /// Stores and applies changes of overrides; this process follows them at once.
    ///
    /// # Errors
    /// `Unavailable` without a database; nothing is changed then.
    pub async fn change(&self, changes: &[Change], who: &str) -> Result<()> {
        let now = self.clock().now();
        for change in changes {
            let name = change.name.stored();
            let Some(value) = &change.value else {
                self.store().delete_override(&name).await?;
                continue;
            };
            let stored = Override {
                baseline: change.name.baseline(&self.config().llm),
                value: value.to_string(),
                expires_at: change.expires_in.map(|time| now + time),
                updated_at: now,
                updated_by: who.to_owned(),
                name,
            };
            self.store().put_override(&stored).await?;
        }
        self.follow_overrides().await
    }

    /// The overrides in force.
    ///
    /// # Errors
    /// `Unavailable` without a database.
    pub async fn overrides(&self) -> Result<Vec<Override>> {
        self.store().overrides(self.clock().now()).await
    }

    /// Applies the stored overrides.
    ///
    /// # Errors
    /// `Unavailable` without a database; the overrides stay as they were.
    pub async fn follow_overrides(&self) -> Result<()> {
        apply(&self.overrides().await?, self.router());
        Ok(())
    }

    /// Reads and applies overrides until it is dropped.
    pub(super) async fn keep_following_overrides(&self) {
        let mut is_failing = false;
        loop {
            self.clock().sleep(READ_EVERY).await;
            let followed = self.follow_overrides().await;
            if let (Err(error), false) = (&followed, is_failing) {
                tracing::warn!(error = error.chain(), "the overrides were not read");
            }
            is_failing = followed.is_err();
        }
    }
}

/// Drops the overrides of another configuration, and applies the others.
///
/// # Errors
/// `Unavailable` without a database.
pub(super) async fn open_overrides(
    store: &Store,
    router: &Router,
    config: &LlmConfig,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut kept = Vec::new();
    for stored in store.overrides(now).await? {
        let name = OverrideName::parse(&stored.name);
        if name.is_some_and(|name| name.baseline(config) == stored.baseline) {
            kept.push(stored);
        } else {
            tracing::info!(
                override_name = stored.name,
                "an override is dropped: the configuration has changed since"
            );
            store.delete_override(&stored.name).await?;
        }
    }
    apply(&kept, router);
    Ok(())
}

fn apply(stored: &[Override], router: &Router) {
    let mut overrides = Overrides::default();
    for change in stored {
        if let Err(error) = read_into(change, &mut overrides) {
            tracing::warn!(error = error.chain(), "an override cannot be read");
        }
    }
    if *router.overrides() != overrides {
        router.apply_overrides(overrides);
    }
}

fn read_into(change: &Override, overrides: &mut Overrides) -> Result<()> {
    let value: Value = serde_json::from_str(&change.value)
        .map_err(|error| Error::internal("it is not JSON").with_source(error))?;
    match OverrideName::parse(&change.name) {
        Some(OverrideName::DefaultProvider) => {
            overrides.default_provider = value.as_str().map(str::to_owned);
        }
        Some(OverrideName::ForceDefaultProvider) => overrides.forced = value.as_bool(),
        Some(OverrideName::Disabled(provider)) => {
            overrides.disabled.insert(provider);
        }
        Some(OverrideName::ForcedOpen(provider)) => {
            overrides.forced_open.insert(provider);
        }
        Some(OverrideName::Reset(provider)) => {
            overrides.resets.insert(provider, change.updated_at);
        }
        None => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::OverrideName::{self, *};

    #[test]
    fn a_name_is_read_as_it_was_stored() {
        let name = || "openai".to_owned();
        let all = [
            DefaultProvider,
            ForceDefaultProvider,
            Disabled(name()),
            ForcedOpen(name()),
            Reset(name()),
        ];
        for one in all {
            assert_eq!(OverrideName::parse(&one.stored()), Some(one));
        }
        assert_eq!(OverrideName::parse("provider.openai.unknown"), None);
    }
}
