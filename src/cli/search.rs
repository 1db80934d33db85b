//! `ragd search "…"`: passages in a table, with the parts of their scores.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use comfy_table::{ContentArrangement, Table};
use ragd_core::error::Result;
use serde_json::Value;
use std::process::ExitCode;

/// How much of a passage the table shows, in characters.
const SHOWN_CHARS: usize = 160;

#[derive(Debug, clap::Args)]
pub(super) struct Search {
    /// The text to search for; there is no query syntax.
    query: String,
    /// The maximum number of passages (1 to 100).
    #[arg(long, default_value_t = 10, allow_negative_numbers = true)]
    top_k: i64,
    #[command(flatten)]
    json: JsonFlag,
}

impl Search {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let connection = Connection::open(context).await?;
        let top_k = self.top_k.to_string();
        let parameters = [
            ("q", self.query.as_str()),
            ("scope", "documents"),
            ("top_k", &top_k),
        ];
        let request = connection.get("/api/admin/memory/preview", &parameters)?;
        let found = connection.json(request).await;
        connection.close().await;
        let found = found?;
        if self.json.json {
            output::print_json(&found)?;
        } else {
            print(&found);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(found: &Value) {
    let mut table = Table::new();
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["#", "score", "bm25", "vector", "where", "passage"]);
    let results = found.get("results").and_then(Value::as_array);
    for (place, result) in results.into_iter().flatten().enumerate() {
        let page = result.get("page").and_then(Value::as_i64);
        let title = result
            .get("title")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let page = page.map(|page| format!(" p. {page}")).unwrap_or_default();
        let content = result
            .get("content")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let shown: String = content
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(SHOWN_CHARS)
            .collect();
        table.add_row([
            (place + 1).to_string(),
            number(result.get("score")),
            side(result.get("bm25")),
            side(result.get("vector")),
            format!("{title}{page}"),
            shown,
        ]);
    }
    output::print_line(table);
    let total = found
        .get("timings_ms")
        .and_then(|timings| timings.get("total"));
    output::print_line(format_args!("{} ms", number(total)));
}

/// A side's own score and, in brackets, its place in that side's list.
fn side(side: Option<&Value>) -> String {
    let raw = number(side.and_then(|side| side.get("raw")));
    match side
        .and_then(|side| side.get("rank"))
        .and_then(Value::as_u64)
    {
        Some(rank) => format!("{raw} (#{rank})"),
        None => raw,
    }
}

fn number(value: Option<&Value>) -> String {
    value
        .and_then(Value::as_f64)
        .map_or_else(|| "–".to_owned(), |number| format!("{number:.3}"))
}
