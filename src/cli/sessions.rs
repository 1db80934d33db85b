//! `ragd sessions count|show|archive|cleanup`.

use super::connection::Connection;
use super::context::Context;
use super::output::JsonFlag;
use super::{output, private_file};
use ragd_core::error::{Error, Result};
use ragd_service::app::DataFolder;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

const ROUTE: &str = "/api/admin/sessions";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Sessions {
    /// Count the stored sessions, and those that are still active.
    Count(JsonFlag),
    /// Show the sessions with this id: last use, expiry, number of messages.
    Show {
        /// The `session_id` or `room_id`.
        id: String,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Export unused sessions with all messages to a file of JSON lines that only this user can read,
    /// then delete them.
    Archive {
        /// Sessions not used for this many days; default: SESSION_RETENTION_DAYS.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
        /// The folder of the file.
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    /// Delete unused sessions with all messages.
    Cleanup {
        /// Sessions not used for this many days; default: SESSION_RETENTION_DAYS.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
        #[command(flatten)]
        json: JsonFlag,
    },
}

impl Sessions {
    pub(super) async fn run(mut self, mut context: Context) -> Result<ExitCode> {
        if DataFolder::of(&context.config).running().is_none() {
            // The daily clean-up of a server of this command's own must not be first.
            let configured = std::mem::take(&mut context.config.sessions.retention_days);
            self.default_days(configured);
        }
        let connection = Connection::open(context).await?;
        let done = self.ask(&connection).await;
        connection.close().await;
        done?;
        Ok(ExitCode::SUCCESS)
    }

    /// What days are left out mean: `configured`, unless that is never.
    fn default_days(&mut self, configured: u32) {
        if let Self::Archive { days, .. } | Self::Cleanup { days, .. } = self {
            *days = days.or((configured > 0).then_some(configured));
        }
    }

    async fn ask(self, connection: &Connection) -> Result<()> {
        match self {
            Self::Count(json) => {
                let request = connection.request(Method::GET, &format!("{ROUTE}/count"));
                output::print_result(&connection.json(request).await?, json)
            }
            Self::Show { id, json } => show(connection, &id, json).await,
            Self::Archive { days, out } => archive(connection, days, out).await,
            Self::Cleanup { days, json } => {
                let deleted = cleanup(connection, &json!({ "days": days })).await?;
                if json.json {
                    return output::print_json(&json!({ "deleted": deleted }));
                }
                output::print_line(format_args!(
                    "session_cleanup: {deleted} sessions were deleted"
                ));
                Ok(())
            }
        }
    }
}

async fn show(connection: &Connection, id: &str, json: JsonFlag) -> Result<()> {
    // A path segment, whatever the id holds.
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if id.is_empty() || !id.chars().all(safe) {
        return Err(Error::not_found(
            "Session not found: an id has only A-Z a-z 0-9 _ -",
        ));
    }
    let request = connection.request(Method::GET, &format!("{ROUTE}/{id}"));
    let found = connection.json(request).await?;
    if json.json {
        return output::print_json(&found);
    }
    for session in list(&found) {
        output::print_result(session, json)?;
    }
    Ok(())
}

async fn archive(connection: &Connection, days: Option<u32>, out: PathBuf) -> Result<()> {
    let stamp = ragd_core::clock::Clock::system()
        .now()
        .format("%Y%m%dT%H%M%S%6fZ");
    let path = out.join(format!("sessions-{stamp}.jsonl"));
    let mut file = None;
    let mut count = 0;
    loop {
        let request = connection.request(Method::POST, &format!("{ROUTE}/archive"));
        let copies = connection
            .json(request.json(&json!({ "days": days })))
            .await?;
        let copies = list(&copies);
        if copies.is_empty() {
            break;
        }
        let file = match &mut file {
            Some(file) => file,
            None => file.insert(private_file::PrivateFile::create(&path)?),
        };
        for copy in copies {
            file.write_line(copy)?;
        }
        // Nothing is deleted before its copy is on the disk.
        file.sync()?;
        let rooms: Vec<&Value> = copies
            .iter()
            .filter_map(|copy| copy.get("room_id"))
            .collect();
        let deleted = cleanup(connection, &json!({ "days": days, "rooms": rooms })).await?;
        count += copies.len();
        if deleted == 0 {
            // Somebody uses them again: they would come for ever.
            break;
        }
    }
    if file.is_none() {
        output::print_line("there is nothing to archive");
        return Ok(());
    }
    output::print_line(format_args!(
        "{count} sessions were written to {} and deleted",
        path.display()
    ));
    Ok(())
}

/// Deletes, and returns how many.
async fn cleanup(connection: &Connection, which: &Value) -> Result<u64> {
    let request = connection.request(Method::POST, &format!("{ROUTE}/cleanup"));
    let answer = connection.json(request.json(which)).await?;
    let deleted = answer.get("deleted").and_then(Value::as_u64);
    deleted.ok_or_else(|| Error::internal("the answer does not say how many were deleted"))
}

fn list(answer: &Value) -> &[Value] {
    let data = answer.get("data").and_then(Value::as_array);
    data.map_or(&[], Vec::as_slice)
}
