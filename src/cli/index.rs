//! `ragd index status|rebuild|reembed`.

use super::connection::{Connection, open_app};
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use indicatif::ProgressBar;
use ragd_core::error::Result;
use ragd_service::app::DataFolder;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Index {
    /// Show the state of the index; exits with 1 when it differs from the database.
    Status(JsonFlag),
    /// Rebuild the index from the database; embeds nothing.
    Rebuild(JsonFlag),
    /// Embed everything with another model, then switch to it.
    ///
    /// Without options this is the configured model. A running server keeps answering and ingesting
    /// with the present model until the switch. An interrupted run resumes where it stopped.
    Reembed(super::reembed::Reembed),
}

impl Index {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        match self {
            Self::Status(json) => status(context, json).await,
            Self::Rebuild(json) => Box::pin(rebuild(context, json)).await,
            // Boxed: the future is large.
            Self::Reembed(reembed) => Box::pin(reembed.run(context)).await,
        }
    }
}

async fn status(context: Context, json: JsonFlag) -> Result<ExitCode> {
    let connection = Connection::open(context).await?;
    let status = connection
        .json(connection.request(Method::GET, "/api/admin/index"))
        .await;
    connection.close().await;
    let status = status?;
    output::print_result(&status, json)?;
    let sound = status
        .get("sound")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn rebuild(context: Context, json: JsonFlag) -> Result<ExitCode> {
    let rebuilt = if DataFolder::of(&context.config).running().is_some() {
        let connection = Connection::open(context).await?;
        let request = connection.request(Method::POST, "/api/admin/index/rebuild");
        connection.json(request).await?
    } else {
        let opened = open_app(context.config).await?;
        let bar = ProgressBar::new(0);
        let progress = bar.clone();
        let passages = opened
            .app
            .follower()
            .rebuild(move |now| {
                progress.set_length(now.total);
                progress.set_position(now.done);
            })
            .await?;
        bar.finish_and_clear();
        opened.app.close().await;
        json!({ "passages": passages, "embedded": 0 })
    };
    output::print_result(&rebuilt, json)?;
    Ok(ExitCode::SUCCESS)
}
