//! What commands print: results on stdout, everything else on stderr. A reader that has gone away
//! (`ragd search … | head`) is no failure.

use ragd_core::error::{Error, Result};
use ragd_service::app::Notice;
use secrecy::ExposeSecret;
use std::io::Write;

/// Prints one line of a result.
pub(super) fn say(line: impl std::fmt::Display) {
    let _gone = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints one line beside the result.
pub(super) fn remark(line: impl std::fmt::Display) {
    let _gone = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints an error with its causes.
pub(super) fn complain(error: &Error) {
    remark(format_args!("ragd: {}", error.chain()));
}

/// Prints a value as JSON.
pub(super) fn say_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::internal("the result is not JSON").with_source(error))?;
    say(text);
    Ok(())
}

/// Prints what the opening of the application has to say.
pub(super) fn tell(notices: &[Notice]) {
    for notice in notices {
        match notice {
            Notice::NewApiKey { key, path } => {
                remark(format_args!(
                    "A first API key was made; it is shown this once:"
                ));
                remark(format_args!("    {}", key.expose_secret()));
                remark(format_args!(
                    "It is kept in {} (send it as X-API-Key).",
                    path.display()
                ));
            }
            Notice::ModelReplaced(remark_of_it) => remark(remark_of_it),
            Notice::NoModel { reason } => {
                remark(format_args!(
                    "No embedding model: retrieval is by words alone (degraded). {reason}"
                ));
            }
        }
    }
}
