//! Log lines: JSON with `timestamp, level, logger, message` and every field of the event and its
//! spans (so a request's lines carry its `request_id`), or plain text for people.

use super::rotating::RotatingFile;
use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
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

/// What is logged, and where it goes.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// The least important level that is logged.
    pub level: Level,
    /// One JSON object a line, or text for people.
    pub json: bool,
    /// Where lines go beside `app.log`.
    pub target: LogTarget,
    /// The folder of `app.log`; absent: there is none.
    pub dir: Option<PathBuf>,
}

/// Starts logging for the whole process; a second call changes nothing. Returns a remark when
/// `app.log` cannot be opened.
pub fn start_logging(options: LogOptions) -> Option<String> {
    let LogOptions {
        level,
        json,
        target,
        dir,
    } = options;
    let (file, remark) = match dir.map(|dir| RotatingFile::open(&dir, "app.log")) {
        Some(Ok(file)) => (Some(file), None),
        Some(Err(error)) => (None, Some(format!("cannot write app.log: {error}"))),
        None => (None, None),
    };
    // The libraries below are chatty about what our own lines already say.
    let filter = EnvFilter::new(format!(
        "{level},sqlx::query=warn,hyper=warn,h2=warn,rten=warn,qdrant_edge=error,hayro_interpret=error,hayro_syntax=error,hayro_font=error,hayro_cmap=error"
    ));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Output { target, file })
        .fmt_fields(LineFields { json })
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

/// Keeps a span's fields as they stand in a line, so that each line can carry them.
struct LineFields {
    json: bool,
}

impl<'writer> FormatFields<'writer> for LineFields {
    fn format_fields<R: tracing_subscriber::field::RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut collected = Collected::new(self.json);
        fields.record(&mut collected);
        writer.write_str(&collected.fields)
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
        let mut collected = Collected::new(self.json);
        if let Some(scope) = context.event_scope() {
            for span in scope.from_root() {
                let extensions = span.extensions();
                if let Some(text) = extensions.get::<tracing_subscriber::fmt::FormattedFields<N>>()
                {
                    collected.fields.push_str(&text.fields);
                }
            }
        }
        event.record(&mut collected);
        let Collected {
            message,
            bridged,
            fields,
            ..
        } = collected;
        #[expect(
            clippy::disallowed_methods,
            reason = "a log line tells the machine's own time"
        )]
        let now: DateTime<Utc> = Utc::now();
        let timestamp = now.to_rfc3339_opts(SecondsFormat::Micros, true);
        let level = level_name(*event.metadata().level());
        // A line of a library that uses `log` brings its own target along as a field.
        let logger = bridged.as_deref().unwrap_or(event.metadata().target());
        if self.json {
            writeln!(
                writer,
                "{{\"timestamp\":\"{timestamp}\",\"level\":\"{level}\",\"logger\":{},\
                 \"message\":{}{fields}}}",
                Quoted(logger),
                Quoted(&message)
            )
        } else {
            writeln!(writer, "{timestamp} {level:<7} {logger} {message}{fields}")
        }
    }
}

/// A text as a JSON string.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if self.0.bytes().all(is_plain) {
            f.write_str("\"")?;
            f.write_str(self.0)?;
            f.write_str("\"")
        } else {
            let quoted = serde_json::to_string(self.0).map_err(|_| fmt::Error)?;
            f.write_str(&quoted)
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

/// The fields of an event or a span, written down as they come: a line is made for every request, so
/// nothing is built that is only taken apart again.
struct Collected {
    json: bool,
    message: String,
    bridged: Option<String>,
    /// `,"name":value` for each, or ` name=value`.
    fields: String,
}

impl Collected {
    fn new(json: bool) -> Self {
        Self {
            json,
            message: String::new(),
            bridged: None,
            fields: String::new(),
        }
    }

    fn put(&mut self, field: &Field, value: impl fmt::Display) {
        use fmt::Write;
        let name = field.name();
        // Writing into memory cannot fail.
        let _infallible = if self.json {
            write!(self.fields, ",\"{name}\":{value}")
        } else {
            write!(self.fields, " {name}={value}")
        };
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => text.clone_into(&mut self.message),
            "log.target" => self.bridged = Some(text.to_owned()),
            name if name.starts_with("log.") => {}
            _ => self.put(field, Quoted(text)),
        }
    }
}

impl Visit for Collected {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !field.name().starts_with("log.") {
            self.put(field, value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for what is not finite.
        if value.is_finite() {
            self.put(field, value);
        } else {
            self.put(field, "null");
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn any_text_is_a_json_string() {
        for text in ["plain", "a \"b\" \\", "line\nend\u{1}", "grüße", ""] {
            let quoted = Quoted(text).to_string();
            assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
        }
    }
}
