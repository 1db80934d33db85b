//! `ragd ask "…"`: one question, its answer and the sources that it cites.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use ragd_core::error::Result;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Ask {
    /// The question.
    question: String,
    /// Continue the session with this id.
    #[arg(long)]
    session: Option<String>,
    /// Use only documents of this collection.
    #[arg(long)]
    collection: Option<String>,
    /// How many sources the answer may use (1 to 100).
    #[arg(long, allow_negative_numbers = true)]
    top_k: Option<i64>,
    /// The provider that answers, such as openai, groq, ollama or extractive.
    #[arg(long)]
    provider: Option<String>,
    #[command(flatten)]
    json: JsonFlag,
}

impl Ask {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let connection = Connection::open(context).await?;
        let mut body = json!({ "question": self.question });
        let options = [
            ("session_id", self.session.map(Value::from)),
            ("collection", self.collection.map(Value::from)),
            ("top_k", self.top_k.map(Value::from)),
            ("provider", self.provider.map(Value::from)),
        ];
        for (name, value) in options {
            if let (Some(value), Value::Object(fields)) = (value, &mut body) {
                fields.insert(name.to_owned(), value);
            }
        }
        let answer = connection
            .json(connection.request(Method::POST, "/chat").json(&body))
            .await;
        connection.close().await;
        let answer = answer?;
        if self.json.json {
            output::print_json(&answer)?;
        } else {
            print(&answer);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(answer: &Value) {
    let text = |value: &Value, name: &str| {
        value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    output::print_line(text(answer, "answer"));
    let sources = answer.get("sources").and_then(Value::as_array);
    let is_cited = |source: &&Value| source.get("cited").and_then(Value::as_bool) == Some(true);
    let cited: Vec<&Value> = sources.into_iter().flatten().filter(is_cited).collect();
    if !cited.is_empty() {
        output::print_line("\nSources:");
    }
    for source in cited {
        let number = source
            .get("citation_index")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        let page = source.get("page").and_then(Value::as_i64);
        let page = page
            .map(|page| format!(", page {page}"))
            .unwrap_or_default();
        let heading = text(source, "heading");
        let heading = if heading.is_empty() {
            heading
        } else {
            format!(" — {heading}")
        };
        output::print_line(format_args!(
            "  [{number}] {}{page}{heading}",
            text(source, "title")
        ));
        output::print_line(format_args!("      {}", text(source, "uri")));
    }
    let grounded = answer
        .get("grounded")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let confidence = answer
        .get("confidence")
        .and_then(Value::as_f64)
        .unwrap_or(0.0);
    output::print_line(format_args!(
        "\ngrounded: {grounded}, confidence: {confidence:.2}, provider: {}, session: {}",
        text(answer, "provider"),
        text(answer, "session_id")
    ));
    let degraded = answer.get("degraded").and_then(Value::as_array);
    let degraded: Vec<&str> = degraded
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !degraded.is_empty() {
        output::print_line(format_args!("degraded: without {}", degraded.join(", ")));
    }
}
