//! `ragd db vacuum`.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use ragd_core::error::Result;
use reqwest::Method;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Database {
    /// Return the space of deleted rows to the disk; a running server keeps answering.
    Vacuum(JsonFlag),
}

impl Database {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let Self::Vacuum(json) = self;
        let connection = Connection::open(context).await?;
        let request = connection.request(Method::POST, "/api/admin/database/vacuum");
        let vacuumed = connection.json(request).await;
        connection.close().await;
        output::print_result(&vacuumed?, json)?;
        Ok(ExitCode::SUCCESS)
    }
}
