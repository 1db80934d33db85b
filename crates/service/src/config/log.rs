//! Logging: level, format, folder.

use super::table::{setting_kind, settings};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The least important level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Everything.
    #[serde(alias = "trace")]
    Debug,
    /// Normal events.
    Info,
    /// Unexpected events.
    #[serde(alias = "warn")]
    Warning,
    /// Failures.
    #[serde(alias = "critical")]
    Error,
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Info => Self::INFO,
            LogLevel::Warning => Self::WARN,
            LogLevel::Error => Self::ERROR,
        }
    }
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
    /// JSON in production, otherwise text.
    Auto,
}

setting_kind!(Text: LogLevel, LogFormat);

settings! {
    /// Section `log`.
    LogConfig in "log";

    /// The least important level that is logged.
    level: LogLevel [LOG_LEVEL];
    /// The format of a line.
    format: LogFormat [LOG_FORMAT];
    /// Where `app.log` is written beside stdout; absent: nowhere. `audit.log` is written there, or
    /// under the data folder.
    dir: Option<PathBuf> [LOG_DIR];
}

impl LogConfig {
    /// Whether a line is JSON.
    pub fn is_json(&self, production: bool) -> bool {
        match self.format {
            LogFormat::Json => true,
            LogFormat::Text => false,
            LogFormat::Auto => production,
        }
    }
}
