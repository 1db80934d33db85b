//! What commands print: results on stdout, everything else on stderr. A closed pipe
//! (`ragd search … | head`) is not an error.

use ragd_core::error::{Error, Result};
use ragd_service::app::StartupNotice;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::io::Write;

/// Prints one line of a result on stdout.
pub(super) fn print_line(line: impl std::fmt::Display) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints one line on stderr, beside the result.
pub(super) fn print_note(line: impl std::fmt::Display) {
    let _gone = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints an error with its causes.
pub(super) fn print_error(error: &Error) {
    print_note(format_args!("ragd: {}", error.chain()));
}

/// Prints JSON instead of text for people.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct JsonFlag {
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Prints the fields of a result, one a line, or the whole of it as JSON.
pub(super) fn print_result(value: &Value, json: JsonFlag) -> Result<()> {
    if json.json {
        return print_json(value);
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        print_line(format_args!("{:<18} {value}", name.replace('_', " ")));
    }
    Ok(())
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::internal("the result is not JSON").with_source(error))?;
    print_line(text);
    Ok(())
}

/// Prints what a person should know at the start.
pub(super) fn print_notices(notices: &[StartupNotice]) {
    for notice in notices {
        match notice {
            StartupNotice::NewApiKey { key, path } => {
                print_note(format_args!(
                    "A first API key was made; it is shown this once:"
                ));
                print_note(format_args!("    {}", key.expose_secret()));
                print_note(format_args!(
                    "It is kept in {} (send it as X-API-Key).",
                    path.display()
                ));
            }
            StartupNotice::ModelReplaced(message) => print_note(message),
            StartupNotice::NoModel { reason } => {
                print_note(format_args!(
                    "No embedding model: retrieval is by words alone (degraded). {reason}"
                ));
            }
        }
    }
}
