//! Log lines: JSON with `timestamp, level, logger, message` and every field of the event and its
//! spans (so a request's lines carry its `request_id`), or plain text for people.

use super::rotating::RotatingFile;
use crate::config::{LogConfig, LogFormat, LogLevel};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use std::fmt;
use std::io::Write;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// Where lines go beside `app.log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTarget {
    /// A server's: its stdout is its log.
    Stdout,
    /// A command's: its stdout is its result.
    Stderr,
}

/// Starts logging for the whole process. `json` is what `LogFormat::Auto` means here; a second call
/// changes nothing. Returns a remark when `app.log` cannot be opened.
pub fn start_logging(config: &LogConfig, json: bool, target: LogTarget) -> Option<String> {
    let json = match config.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => json,
    };
    let (file, remark) = match config
        .dir
        .as_ref()
        .map(|dir| RotatingFile::open(dir, "app.log"))
    {
        Some(Ok(file)) => (Some(file), None),
        Some(Err(error)) => (None, Some(format!("cannot write app.log: {error}"))),
        None => (None, None),
    };
    let level = match config.level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warn",
        LogLevel::Error => "error",
    };
    // The libraries below are chatty about what our own lines already say.
    let filter = EnvFilter::new(format!(
        "{level},sqlx::query=warn,hyper=warn,h2=warn,rten=warn,qdrant_edge=error,hayro_interpret=error,hayro_syntax=error,hayro_font=error,hayro_cmap=error"
    ));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Output { target, file })
        .fmt_fields(JsonFields)
        .event_format(LineFormat { json })
        .try_init();
    remark.or_else(|| {
        started
            .err()
            .map(|error| format!("logging was started before: {error}"))
    })
}

#[derive(Debug, Clone)]
struct Output {
    target: LogTarget,
    file: Option<RotatingFile>,
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // A closed pipe must not end the process.
        let _closed = match self.target {
            LogTarget::Stdout => std::io::stdout().write_all(bytes),
            LogTarget::Stderr => std::io::stderr().write_all(bytes),
        };
        if let Some(file) = &self.file {
            file.write_line(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self.target {
            LogTarget::Stdout => std::io::stdout().flush(),
            LogTarget::Stderr => std::io::stderr().flush(),
        }
    }
}

/// Keeps a span's fields as JSON, so that each line can carry them.
struct JsonFields;

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: tracing_subscriber::field::RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut collected = Collected::default();
        fields.record(&mut collected);
        write!(writer, "{}", Value::Object(collected.0))
    }
}

struct LineFormat {
    json: bool,
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Map::new();
        if let Some(scope) = context.event_scope() {
            for span in scope.from_root() {
                let extensions = span.extensions();
                let text = extensions.get::<tracing_subscriber::fmt::FormattedFields<N>>();
                if let Some(Ok(Value::Object(of_span))) =
                    text.map(|text| serde_json::from_str::<Value>(&text.fields))
                {
                    fields.extend(of_span);
                }
            }
        }
        let mut collected = Collected(fields);
        event.record(&mut collected);
        let mut fields = collected.0;
        let message = match fields.remove("message") {
            Some(Value::String(message)) => message,
            _ => String::new(),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "a log line tells the machine's own time"
        )]
        let now: DateTime<Utc> = Utc::now();
        let timestamp = now.to_rfc3339_opts(SecondsFormat::Micros, true);
        let level = level_name(*event.metadata().level());
        // A line of a library that uses `log` brings its own target along as a field.
        let bridged = fields.remove("log.target");
        fields.retain(|name, _| !name.starts_with("log."));
        let logger = bridged
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or(event.metadata().target());
        if self.json {
            let mut line = Map::new();
            line.insert("timestamp".into(), timestamp.into());
            line.insert("level".into(), level.into());
            line.insert("logger".into(), logger.into());
            line.insert("message".into(), message.into());
            line.extend(fields);
            writeln!(writer, "{}", Value::Object(line))
        } else {
            write!(writer, "{timestamp} {level:<7} {logger} {message}")?;
            for (name, value) in fields {
                write!(writer, " {name}={value}")?;
            }
            writeln!(writer)
        }
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

#[derive(Default)]
struct Collected(Map<String, Value>);

impl Visit for Collected {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
