//! What every command gets: the configuration in force. Starts the log.

use ragd_core::telemetry::{LogOptions, LogTarget, start_logging};
use ragd_service::config::{AppEnv, Config, LogLevel};

/// What every command gets.
#[derive(Debug)]
pub(super) struct Context {
    /// The configuration in force.
    pub(super) config: Config,
    /// What an operator should know about it.
    pub(super) warnings: Vec<String>,
}

impl Context {
    /// Starts logging. A server logs to stdout. Another command prints its result there, so it logs to
    /// stderr, and only errors unless the configured level says otherwise.
    pub(super) fn start_logging(&self, serving: bool) {
        let log = &self.config.log;
        let production = self.config.server.env == AppEnv::Production;
        let (target, level) = match (serving, log.level) {
            (true, level) => (LogTarget::Stdout, level),
            (false, LogLevel::Info) => (LogTarget::Stderr, LogLevel::Error),
            (false, level) => (LogTarget::Stderr, level),
        };
        let problem = start_logging(LogOptions {
            level: level.into(),
            json: log.is_json(production),
            target,
            dir: log.dir.clone(),
        });
        if let Some(problem) = problem {
            tracing::warn!("{problem}");
        }
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
    }
}
