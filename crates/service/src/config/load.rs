//! Loads the configuration: the defaults in the binary, then the operator's file, then the
//! environment. Checks the result, and reports every fault at once.

use super::sections::SECTIONS;
use super::{AppEnv, Config, Faults, environment, profile};
use ragd_core::error::{Error, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

const DEFAULTS: &str = include_str!("../../../../config/default.toml");

/// Where settings come from beside the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A file in the form of `config/default.toml`.
    pub file: Option<PathBuf>,
    /// The environment's variables.
    pub environment: HashMap<String, String>,
}

impl Sources {
    /// The process's environment, with the file that `--config` or `RAGD_CONFIG` names.
    pub fn from_process(file: Option<PathBuf>) -> Self {
        let environment: HashMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let file = file.or_else(|| environment.get("RAGD_CONFIG").map(PathBuf::from));
        Self { file, environment }
    }
}

/// A checked configuration, and what an operator should know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings in force.
    pub config: Config,
    /// Warnings, which do not stop a start.
    pub warnings: Vec<String>,
}

impl Config {
    /// Loads the configuration and checks it.
    ///
    /// # Errors
    /// `Invalid` that lists every fault.
    pub fn load(sources: &Sources) -> Result<Loaded> {
        let mut faults = Faults::new(SECTIONS);
        let mut settings: Table = DEFAULTS.parse().map_err(|error| {
            Error::internal("config/default.toml is not TOML").with_source(error)
        })?;
        let file = sources.file.as_deref().map(read_file).transpose()?;
        let defaults = profile::chosen(&sources.environment, file.as_ref(), &mut faults);
        overlay(&mut settings, defaults, &mut faults);
        if let Some(file) = file {
            overlay(&mut settings, file, &mut faults);
        }
        environment::apply(&sources.environment, &mut settings, &mut faults);
        let config = Self::read(&mut settings, &mut faults);
        for name in settings.keys() {
            faults.add(name, "is not a section");
        }
        if let Some(config) = &config {
            config.check(&mut faults);
        }
        faults.finish()?;
        let config = config.ok_or_else(|| Error::internal("the configuration is incomplete"))?;
        let warnings = environment::without_effect(&sources.environment)
            .into_iter()
            .map(|name| format!("{name} is set and has no effect in this version"))
            .collect();
        Ok(Loaded { config, warnings })
    }

    fn check(&self, faults: &mut Faults) {
        self.check_values(faults);
        let production = self.server.env == AppEnv::Production;
        self.server.check(faults);
        self.index.check(faults);
        self.auth.check(production, faults);
        self.encryption.check(production, faults);
        self.llm.check(faults);
        self.embedding.check(&self.llm, faults);
        self.retrieval.check(faults);
        self.rerank.check(faults);
        self.ingest.check(faults);
        self.jobs.check(faults);
        self.cache.check(faults);
    }
}

fn read_file(path: &Path) -> Result<Table> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::invalid(format!(
            "cannot read the configuration file '{}'",
            path.display()
        ))
        .with_source(error)
    })?;
    text.parse().map_err(|error: toml::de::Error| {
        Error::invalid(format!("'{}' is not TOML: {error}", path.display()))
    })
}

fn overlay(settings: &mut Table, file: Table, faults: &mut Faults) {
    for (section, value) in file {
        match (settings.get_mut(&section), value) {
            (Some(Value::Table(base)), Value::Table(fields)) => base.extend(fields),
            (_, _) => faults.add(&section, "is not a section"),
        }
    }
}
