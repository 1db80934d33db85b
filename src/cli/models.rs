//! `ragd models status|install`: the embedding model on this machine.

use super::context::Context;
use super::output;
use super::output::JsonFlag;
use ragd_core::error::{Error, Result};
use ragd_embed::convert;
use ragd_service::app::DataFolder;
use ragd_service::config::{EmbeddingProvider, EmbeddingSource};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Models {
    /// Show which model makes the vectors; exits with 1 when it is the local model and that is not
    /// installed, or damaged.
    #[command(alias = "list")]
    Status(JsonFlag),
    /// Convert published weights and install them; scripts/fetch-models.sh fetches and calls this.
    Install {
        /// The weights: model.safetensors.
        #[arg(long)]
        safetensors: PathBuf,
        /// The tokenizer: tokenizer.json.
        #[arg(long)]
        tokenizer: PathBuf,
    },
}

impl Models {
    pub(super) async fn run(self, context: Context) -> Result<ExitCode> {
        let folder = DataFolder::of(&context.config).models().to_owned();
        let configured = context.config.embedding.source(&context.config.llm);
        match self {
            Self::Status(json) if elsewhere(configured.as_ref()) => {
                tell_elsewhere(&context, configured, json)
            }
            Self::Status(json) => match ragd_embed::installed(&folder)? {
                Some(manifest) if json.json => {
                    output::print_json(&manifest)?;
                    Ok(ExitCode::SUCCESS)
                }
                Some(manifest) => {
                    output::print_line(format_args!(
                        "{} is installed in {} ({} dimensions)",
                        manifest.model_id,
                        folder.display(),
                        manifest.dimension
                    ));
                    Ok(ExitCode::SUCCESS)
                }
                None => {
                    output::print_line(format_args!(
                        "no model in {}: run scripts/fetch-models.sh",
                        folder.display()
                    ));
                    Ok(ExitCode::FAILURE)
                }
            },
            Self::Install {
                safetensors,
                tokenizer,
            } => {
                let target = folder.clone();
                let install = move || convert::install(&safetensors, &tokenizer, &target);
                let manifest = tokio::task::spawn_blocking(install)
                    .await
                    .map_err(|error| {
                        Error::internal("the installation was interrupted").with_source(error)
                    })??;
                output::print_line(format_args!(
                    "{} installed in {}",
                    manifest.model_id,
                    folder.display()
                ));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Whether no model of this process is used.
fn elsewhere(configured: Option<&EmbeddingSource>) -> bool {
    configured.is_none_or(|source| source.provider != EmbeddingProvider::Local)
}

fn tell_elsewhere(
    context: &Context,
    configured: Option<EmbeddingSource>,
    json: JsonFlag,
) -> Result<ExitCode> {
    let Some(source) = configured else {
        output::print_line("no model: EMBEDDING_PROVIDER is off");
        return Ok(ExitCode::SUCCESS);
    };
    let key = context
        .config
        .embedding
        .key_for(&source, &context.config.llm);
    if json.json {
        output::print_json(&serde_json::json!({ "source": source, "key": key.is_some() }))?;
    } else {
        let key = if key.is_some() {
            "with a key"
        } else {
            "without a key"
        };
        output::print_line(format_args!("{source}, {key}"));
    }
    Ok(ExitCode::SUCCESS)
}
