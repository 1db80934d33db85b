//! `ragd feedback export`.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::private_file::PrivateFile;
use ragd_core::error::Result;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a line of the export has, of what the server says.
const FIELDS: [&str; 6] = [
    "question",
    "answer",
    "sources",
    "thumbs_up",
    "comment",
    "created_at",
];

#[derive(Debug, clap::Subcommand)]
pub(super) enum Feedback {
    /// Print all feedback as JSON lines, oldest first: question, answer, the sources that were shown
    /// with their scores, thumbs_up, comment, created_at.
    Export {
        /// Write to a new file that only this user can read, instead of stdout.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

impl Feedback {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let Self::Export { out } = self;
        let file = out.as_deref().map(PrivateFile::create).transpose()?;
        let connection = Connection::open(context).await?;
        let done = export(&connection, file).await;
        connection.close().await;
        let count = done?;
        if let Some(path) = out {
            output::print_line(format_args!("{count} written to {}", path.display()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn export(connection: &Connection, mut file: Option<PrivateFile>) -> Result<usize> {
    let (mut after, mut count) = (None::<String>, 0);
    loop {
        let mut page = vec![("limit", "100"), ("order", "asc")];
        page.extend(after.as_deref().map(|id| ("after", id)));
        let request = connection.get("/api/admin/feedback", &page)?;
        let answer = connection.json(request).await?;
        for one in answer
            .get("data")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let line = FIELDS.map(|field| (field.to_owned(), one.get(field).cloned()));
            let line: Value = line
                .into_iter()
                .map(|(field, value)| (field, value.unwrap_or_else(|| json!(null))))
                .collect();
            match &mut file {
                Some(file) => file.write_line(&line)?,
                None => output::print_line(&line),
            }
            count += 1;
        }
        let last = answer.get("last_id").and_then(Value::as_str);
        after = last.map(str::to_owned);
        if after.is_none() || answer.get("has_more") != Some(&json!(true)) {
            break;
        }
    }
    if let Some(file) = file {
        file.sync()?;
    }
    Ok(count)
}
