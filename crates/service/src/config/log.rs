//! What is logged, how and where.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The least important level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Everything.
    #[serde(alias = "trace")]
    Debug,
    /// What happens.
    Info,
    /// What should not happen.
    #[serde(alias = "warn")]
    Warning,
    /// What went wrong.
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

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
    /// JSON in production, text else.
    Auto,
}

/// Section `log`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// The least important level that is logged.
    pub level: LogLevel,
    /// The form of a line.
    pub format: LogFormat,
    /// Where `app.log` is written beside stdout; absent: nowhere. `audit.log` is written there, or
    /// under the data folder.
    #[serde(default)]
    pub dir: Option<PathBuf>,
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
