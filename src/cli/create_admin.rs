//! `ragd create-admin`: migrates the database, then creates the user `admin` or sets its password.

use super::connection::open_app;
use super::context::Context;
use super::output;
use ragd_core::error::{Error, Result};
use ragd_service::app::DataFolder;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct CreateAdmin {}

impl CreateAdmin {
    pub(super) async fn run(self, mut context: Context) -> Result<ExitCode> {
        let password = context.config.auth.admin_password.clone().ok_or_else(|| {
            Error::invalid(
                "set the password first: export ADMIN_PASSWORD=\"…\" (or ADMIN_PASSWORD_FILE)",
            )
        })?;
        context.config.database.auto_migrate = Some(true);
        // While a server runs, only the database is opened: both databases allow a second writer.
        let user = if DataFolder::of(&context.config).running().is_some() {
            ragd_service::app::create_admin_beside(&context.config, &password).await?
        } else {
            let opened = open_app(context.config).await?;
            output::print_notices(&opened.notices);
            let user = opened.app.auth().create_admin(&password).await?;
            opened.app.close().await;
            user
        };
        output::print_line(format_args!(
            "admin user '{}' <{}> is ready",
            user.username, user.email
        ));
        Ok(ExitCode::SUCCESS)
    }
}
