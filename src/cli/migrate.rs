//! `ragd migrate up|down|status`.

use super::context::Context;
use super::output;
use ragd_core::error::Result;
use ragd_service::app::open_database;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Migrate {
    /// Apply every pending migration.
    Up,
    /// Revert every migration above a version.
    Down {
        /// The version to return to; 0 reverts all migrations and deletes all data.
        #[arg(long)]
        to: i64,
    },
    /// List applied and pending versions; exits with 1 when any is pending.
    Status,
}

impl Migrate {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let store = open_database(&context.config).await?;
        match self {
            Self::Up => store.migrate_up().await?,
            Self::Down { to } => store.migrate_down(to).await?,
            Self::Status => {}
        }
        let status = store.migration_status().await?;
        store.close().await;
        output::print_line(format_args!("database  {}", store.backend_name()));
        output::print_line(format_args!("applied   {:?}", status.applied));
        output::print_line(format_args!("pending   {:?}", status.pending));
        if !status.unknown.is_empty() {
            output::print_line(format_args!(
                "unknown   {:?} (made by a newer ragd)",
                status.unknown
            ));
        }
        let is_behind = matches!(self, Self::Status) && !status.pending.is_empty();
        Ok(if is_behind {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}
