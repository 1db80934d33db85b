//! `ragd index reembed`: through the running server, or over the opened data folder.

use super::connection::{Connection, open_to_reembed};
use super::context::Context;
use super::output;
use super::output::JsonFlag;
use indicatif::ProgressBar;
use ragd_core::error::{Error, Result};
use ragd_service::app::{App, DataFolder, ReembedState};
use ragd_service::config::{EmbeddingOverride, EmbeddingProvider};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::time::Duration;

/// How often a running server is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(500);
const ROUTE: &str = "/api/admin/index/reembed";

#[derive(Debug, clap::Args)]
pub(super) struct Reembed {
    /// Who makes the vectors: local, openai, ollama or openai_compatible.
    #[arg(long, value_parser = provider)]
    provider: Option<EmbeddingProvider>,
    /// The model's name.
    #[arg(long)]
    model: Option<String>,
    /// How many numbers a vector must have; 0: as many as the model gives.
    #[arg(long)]
    dimension: Option<usize>,
    /// Where the provider's API begins. A running server sends its key only to an address that its
    /// own configuration names.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    json: JsonFlag,
}

impl Reembed {
    pub(super) async fn run(self, mut context: Context) -> Result<ExitCode> {
        let json = self.json;
        let change = EmbeddingOverride {
            provider: self.provider,
            model: self.model,
            dimension: self.dimension,
            base_url: self.base_url,
        };
        // What this command sees is what is meant, whatever a running server was started with.
        context.config.embedding = context.config.embedding_with(&change)?;
        let ended = if DataFolder::of(&context.config).running().is_some() {
            Box::pin(through_server(context)).await?
        } else {
            let opened = open_to_reembed(context.config).await?;
            let ended = here(&opened.app).await;
            opened.app.close().await;
            ended?
        };
        output::print_result(&ended, json)?;
        Ok(if ended.get("state") == Some(&json!("done")) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

async fn through_server(context: Context) -> Result<Value> {
    let source = context.config.embedding.source(&context.config.llm);
    let source =
        source.ok_or_else(|| Error::invalid("EMBEDDING_PROVIDER is off; use --provider"))?;
    let change = json!({
        "provider": source.provider.as_str(),
        "model": source.model,
        "dimension": source.dimension,
        "base_url": source.base_url,
    });
    let connection = Connection::open(context).await?;
    let begin = connection.request(Method::POST, ROUTE).json(&change);
    let mut status = connection.json(begin).await?;
    let bar = ProgressBar::new(0);
    while status.get("state") == Some(&json!("running")) {
        let number = |name| status.get(name).and_then(Value::as_u64).unwrap_or(0);
        bar.set_length(number("total"));
        bar.set_position(number("done"));
        tokio::time::sleep(ASK_EVERY).await;
        status = connection
            .json(connection.request(Method::GET, ROUTE))
            .await?;
    }
    bar.finish_and_clear();
    Ok(status)
}

async fn here(app: &App) -> Result<Value> {
    let bar = ProgressBar::new(0);
    app.follower().repair().await?;
    let mut watch = app.reembedding();
    app.begin_reembed(&EmbeddingOverride::default())?;
    let ended = loop {
        let status = watch.borrow_and_update().clone();
        if let Some(status) = status {
            bar.set_length(status.total);
            bar.set_position(status.done);
            if status.state != ReembedState::Running {
                break status;
            }
        }
        let changed = watch.changed().await;
        changed.map_err(|error| {
            Error::internal("the re-embedding has ended without a result").with_source(error)
        })?;
    };
    bar.finish_and_clear();
    let to = ended.to.to_string();
    let mut value = serde_json::to_value(&ended)
        .map_err(|error| Error::internal("the result is not JSON").with_source(error))?;
    if let Value::Object(fields) = &mut value {
        // As the server's answer has it.
        let model = fields.remove("model").unwrap_or_default();
        fields.insert("to".to_owned(), model);
        fields.insert("source".to_owned(), json!(to));
    }
    if let Some(error) = &ended.error {
        output::print_note(format_args!("ragd: {error}"));
    }
    Ok(value)
}

fn provider(word: &str) -> Result<EmbeddingProvider, String> {
    match EmbeddingProvider::parse(word) {
        Some(provider) if provider != EmbeddingProvider::Off => Ok(provider),
        _ => Err("must be local, openai, ollama or openai_compatible".to_owned()),
    }
}
