//! `ragd providers list|test|reset|force-open|release|default`.

use super::connection::Connection;
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use comfy_table::{ContentArrangement, Table};
use ragd_core::error::{Error, Result};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Providers {
    /// List the providers: circuit breaker, remaining requests a minute, outcome of the last call.
    List(JsonFlag),
    /// Send one real request to each provider; exits with 1 when one fails.
    ///
    /// Each request costs a few tokens. It bypasses circuit breakers and limits and does not change
    /// them.
    Test {
        /// Test only this provider.
        name: Option<String>,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Close a provider's circuit breakers and clear its cool-down.
    Reset(One),
    /// Send nothing to a provider until it is released; fallback providers answer.
    ForceOpen {
        #[command(flatten)]
        one: One,
        /// Release it automatically after this many seconds.
        #[arg(long, value_name = "S")]
        expires_in_seconds: Option<u64>,
    },
    /// Release a provider that was forced open; its next calls decide the breaker.
    Release(One),
    /// Show the default provider, or change it while ragd runs.
    Default {
        /// The new default provider.
        name: Option<String>,
        /// Whether it answers every request, whatever provider the request names
        /// (FORCE_DEFAULT_PROVIDER).
        #[arg(long, value_name = "true|false")]
        force: Option<bool>,
        /// Return to the configured provider.
        #[arg(long, conflicts_with_all = ["name", "force"])]
        configured: bool,
        #[command(flatten)]
        json: JsonFlag,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The provider's name.
    name: String,
    #[command(flatten)]
    json: JsonFlag,
}

impl Providers {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let connection = Connection::open(context).await?;
        let outcome = self.ask(&connection).await;
        connection.close().await;
        outcome
    }

    async fn ask(self, connection: &Connection) -> Result<ExitCode> {
        match self {
            Self::List(json) => list(connection, json).await?,
            Self::Test { name, json } => return test(connection, name, json).await,
            Self::Reset(one) => one.post(connection, "reset", Value::Null).await?,
            Self::ForceOpen {
                one,
                expires_in_seconds,
            } => {
                let body = json!({ "expires_in_seconds": expires_in_seconds });
                one.post(connection, "force-open", body).await?;
            }
            Self::Release(one) => one.post(connection, "release", Value::Null).await?,
            Self::Default {
                name,
                force,
                configured,
                json,
            } => {
                let path = "/api/admin/default-provider";
                let request = if name.is_some() || force.is_some() || configured {
                    let body = json!({ "provider": name, "force": force });
                    connection.request(Method::PUT, path).json(&body)
                } else {
                    connection.request(Method::GET, path)
                };
                output::print_result(&connection.json(request).await?, json)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl One {
    async fn post(&self, connection: &Connection, verb: &str, body: Value) -> Result<()> {
        let path = path(&self.name, verb)?;
        let mut request = connection.request(Method::POST, &path);
        if !body.is_null() {
            request = request.json(&body);
        }
        output::print_result(&connection.json(request).await?, self.json)
    }
}

async fn list(connection: &Connection, json: JsonFlag) -> Result<()> {
    let body = fetch_list(connection).await?;
    if json.json {
        return output::print_json(&body);
    }
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["provider", "model", "breaker", "left a minute", "last call"]);
    for one in rows(&body) {
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let last = &one["last_call"];
        let last = match (&last["ok"], &last["error"]) {
            (Value::Bool(true), _) => "answered".to_owned(),
            (Value::Bool(false), error) => text(error),
            _ => "none yet".to_owned(),
        };
        let name = text(&one["name"]);
        let is_default = one["is_default"] == true;
        table.add_row([
            if is_default {
                format!("{name} (default)")
            } else {
                name
            },
            text(&one["model"]),
            text(&one["breakers"]["chat"]["state"]),
            text(&one["limits"]["minute"]["remaining"]),
            last,
        ]);
    }
    output::print_line(table);
    Ok(())
}

async fn test(connection: &Connection, name: Option<String>, json: JsonFlag) -> Result<ExitCode> {
    let names = match name {
        Some(name) => vec![name],
        None => {
            let body = fetch_list(connection).await?;
            let name = |one: &Value| one["name"].as_str().map(str::to_owned);
            rows(&body).filter_map(name).collect()
        }
    };
    if names.is_empty() && !json.json {
        output::print_line(
            "no provider is configured: the sources answer by themselves (extractive)",
        );
    }
    let mut found = Vec::new();
    for name in &names {
        let request = connection.request(Method::POST, &path(name, "test")?);
        let body = connection.json(request).await?;
        if !json.json {
            output::print_line(line(&body));
        }
        found.push(body);
    }
    let all_answered = found.iter().all(|body| body["ok"] == true);
    if json.json {
        output::print_json(&found)?;
    }
    Ok(if all_answered {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What a test found, in a line.
fn line(body: &Value) -> String {
    let word = |field: &str| body[field].as_str().unwrap_or_default();
    let (provider, model) = (word("provider"), word("model"));
    let ms = body["latency_ms"].as_f64().unwrap_or_default();
    if body["ok"] == true {
        let answer = word("answer").replace('\n', " ");
        let learnt = body["learnt"].as_array().into_iter().flatten();
        let learnt: Vec<&str> = learnt.filter_map(Value::as_str).collect();
        let adapted = match learnt.as_slice() {
            [] => String::new(),
            learnt => format!(" (adapted: {})", learnt.join(", ")),
        };
        return format!("{provider}  ok      {ms:.0} ms  {model}: {answer}{adapted}");
    }
    format!(
        "{provider}  failed  {ms:.0} ms  {model}: {} ({})",
        word("error"),
        word("kind")
    )
}

async fn fetch_list(connection: &Connection) -> Result<Value> {
    let request = connection.request(Method::GET, "/api/admin/providers");
    connection.json(request).await
}

fn rows(body: &Value) -> impl Iterator<Item = &Value> {
    body["data"].as_array().into_iter().flatten()
}

/// # Errors
/// `Invalid` for a malformed name.
fn path(name: &str, verb: &str) -> Result<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_word) {
        return Err(Error::invalid(format!("there is no provider '{name}'")));
    }
    Ok(format!("/api/admin/providers/{name}/{verb}"))
}
