//! `ragd cache clear`.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use ragd_core::error::Result;
use reqwest::Method;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Cache {
    /// Drop every cached answer; history, jobs and documents stay.
    ///
    /// This includes the answers that are stored under an Idempotency-Key. It clears the cache of the
    /// running server, and the Redis that the configuration names.
    Clear(JsonFlag),
}

impl Cache {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let Self::Clear(json) = self;
        let connection = Connection::open(context).await?;
        let request = connection.request(Method::POST, "/api/admin/cache/clear");
        let cleared = connection.json(request).await;
        connection.close().await;
        output::print_result(&cleared?, json)?;
        Ok(ExitCode::SUCCESS)
    }
}
