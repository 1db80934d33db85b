//! `ragd jobs list|lanes|show|retry|cancel`.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use comfy_table::{ContentArrangement, Table};
use ragd_core::error::Result;
use reqwest::Method;
use serde_json::Value;
use std::process::ExitCode;
use uuid::Uuid;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Jobs {
    /// List jobs, newest first. `--state dead` lists the dead letters.
    List(List),
    /// Show each lane: waiting, running and dead jobs, and the age of the oldest.
    Lanes(JsonFlag),
    /// Show one job: its state, progress, attempts and error.
    Show(One),
    /// Retry a dead or cancelled job, with a full number of attempts.
    Retry(One),
    /// Cancel a job; a running one stops within 15 seconds.
    Cancel(One),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only jobs in this state: ready, leased, done, dead or cancelled.
    #[arg(long)]
    state: Option<String>,
    /// Only jobs of this lane: high_priority, default or low_priority.
    #[arg(long)]
    lane: Option<String>,
    /// Only jobs of this kind: ingest, message, summary or cleanup.
    #[arg(long)]
    kind: Option<String>,
    /// The maximum number of jobs, up to 100.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The job's id.
    id: Uuid,
    #[command(flatten)]
    json: JsonFlag,
}

impl Jobs {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let connection = Connection::open(context).await?;
        let outcome = self.ask(&connection).await;
        connection.close().await;
        outcome
    }

    async fn ask(self, connection: &Connection) -> Result<ExitCode> {
        match self {
            Self::List(list) => list.print(connection).await?,
            Self::Lanes(json) => {
                let request = connection.request(Method::GET, "/api/admin/jobs/lanes");
                let body = connection.json(request).await?;
                if json.json {
                    output::print_json(&body)?;
                } else {
                    let columns = ["lane", "ready", "leased", "dead", "oldest_age_seconds"];
                    output::print_line(table(&columns, body.get("lanes")));
                }
            }
            Self::Show(one) => {
                let path = format!("/api/jobs/{}", one.id);
                one.print(connection, Method::GET, &path).await?;
            }
            Self::Retry(one) => {
                let path = format!("/api/admin/jobs/{}/retry", one.id);
                one.print(connection, Method::POST, &path).await?;
            }
            Self::Cancel(one) => {
                let path = format!("/api/admin/jobs/{}/cancel", one.id);
                one.print(connection, Method::POST, &path).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn print(&self, connection: &Connection) -> Result<()> {
        let limit = self.limit.to_string();
        let given = [
            ("state", self.state.as_deref()),
            ("lane", self.lane.as_deref()),
            ("kind", self.kind.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let parameters: Vec<(&str, &str)> = given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let request = connection.get("/api/admin/jobs", &parameters)?;
        let body = connection.json(request).await?;
        if self.json.json {
            return output::print_json(&body);
        }
        let columns = [
            "id",
            "kind",
            "lane",
            "state",
            "attempt",
            "created_at",
            "error",
        ];
        output::print_line(table(&columns, body.get("data")));
        if body.get("has_more").and_then(Value::as_bool) == Some(true) {
            output::print_note("there are more: ask for a larger --limit, or narrow the list");
        }
        Ok(())
    }
}

impl One {
    async fn print(&self, connection: &Connection, method: Method, path: &str) -> Result<()> {
        let body = connection.json(connection.request(method, path)).await?;
        output::print_result(&body, self.json)
    }
}

/// A table of the fields `columns` of each object in a list.
fn table(columns: &[&str], rows: Option<&Value>) -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| column.replace('_', " ")));
    for row in rows.and_then(Value::as_array).into_iter().flatten() {
        table.add_row(columns.iter().map(|column| match row.get(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        }));
    }
    table
}
