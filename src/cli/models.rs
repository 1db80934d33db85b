//! `ragd models status|install`: the embedding model on this machine.

use super::{Context, JsonFlag, output};
use crate::app::DataFolder;
use crate::embed::{self, convert};
use crate::error::{Error, Result};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Models {
    /// Tell which model is installed; exits with 1 when none is, or it is damaged.
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
        match self {
            Self::Status(json) => match embed::installed(&folder)? {
                Some(manifest) if json.json => {
                    output::say_json(&manifest)?;
                    Ok(ExitCode::SUCCESS)
                }
                Some(manifest) => {
                    output::say(format_args!(
                        "{} is installed in {} ({} dimensions)",
                        manifest.model_id,
                        folder.display(),
                        manifest.dimension
                    ));
                    Ok(ExitCode::SUCCESS)
                }
                None => {
                    output::say(format_args!(
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
                output::say(format_args!(
                    "{} installed in {}",
                    manifest.model_id,
                    folder.display()
                ));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
