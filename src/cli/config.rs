//! `ragd config check|variables`: the values in force, and the variables that set them.

use super::context::Context;
use super::output;
use ragd_core::error::Result;
use ragd_service::config::settings;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ConfigCommand {
    /// Check the configuration and print the values in force, without secrets.
    ///
    /// Reports every fault at once; exits with 2 when there is any.
    Check,
    /// List the environment variables, with the setting that each overrides.
    Variables,
}

impl ConfigCommand {
    pub(super) fn run(self, context: &Context) -> Result<ExitCode> {
        match self {
            Self::Check => {
                output::print_json(&context.config)?;
                let config = &context.config;
                match config.embedding.source(&config.llm) {
                    Some(source) => output::print_note(format_args!("vectors: {source}")),
                    None => output::print_note("vectors: none, words alone"),
                }
                for warning in &context.warnings {
                    output::print_note(format_args!("warning: {warning}"));
                }
                output::print_note("the configuration is valid");
            }
            Self::Variables => {
                for setting in settings() {
                    let file = if setting.kind.is_secret() {
                        "  (also as NAME_FILE)"
                    } else {
                        ""
                    };
                    for variable in setting.variables {
                        output::print_line(format_args!("{variable:<28} {}{file}", setting.name()));
                    }
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
