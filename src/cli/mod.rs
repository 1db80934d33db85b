//! The command line: one file for each command; this file parses the arguments and dispatches. A
//! command that needs the application talks to it over HTTP: to the server that runs on the data
//! folder, or else to a server that the command starts for itself.

mod ask;
mod cache;
mod config;
mod connection;
mod context;
mod create_admin;
mod database;
mod eval;
mod feedback;
mod index;
mod ingest;
mod jobs;
mod migrate;
mod models;
mod openapi;
mod output;
mod private_file;
mod providers;
mod reembed;
mod search;
mod serve;
mod sessions;
mod signal;
mod stub_llm;

use clap::{Parser, Subcommand};
use context::Context;
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_service::config::{Config, Loaded, Sources};
use std::path::PathBuf;
use std::process::ExitCode;

/// Documents in, checked answers out: a whole retrieval-augmented chat backend.
///
/// Start with `ragd ingest FOLDER`, then `ragd ask "a question"`. `ragd serve` offers the same over
/// HTTP, with the API documentation at /docs. No setting is required: without an API key of a model
/// provider, answers are sentences of your documents. All data is in the data folder (DATA_DIR,
/// default ./data). Settings come from a file (--config) and from environment variables: `ragd config
/// variables` lists them, `ragd config check` shows the values in force.
///
/// A command uses the server that runs on the data folder; without one it opens the folder itself.
/// Exit codes: 0 success, 1 failure, 2 invalid command line or configuration.
#[derive(Debug, Parser)]
#[command(version, about, long_about, max_term_width = 100)]
struct Cli {
    /// A configuration file (TOML); `config/default.toml` in the source lists every setting.
    #[arg(long, global = true, env = "RAGD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder; overrides DATA_DIR.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API until stopped (SIGTERM or Ctrl-C).
    Serve(serve::Serve),
    /// Ingest files and folders; unchanged files are skipped.
    ///
    /// Prints how many files were indexed, unchanged and failed, and why each failed. Exits with 1 when
    /// any file failed.
    Ingest(ingest::Ingest),
    /// Ask a question; the answer cites its sources.
    Ask(ask::Ask),
    /// Search for passages; shows the parts of each score.
    Search(search::Search),
    /// Measure retrieval quality on a judged collection in BEIR format.
    Eval(eval::Eval),
    /// Show the index, rebuild it from the database, or change the embedding model.
    #[command(subcommand)]
    Index(index::Index),
    /// List background jobs and dead letters; cancel or retry them.
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// Show, archive and delete chat sessions.
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    /// Export users' feedback on answers.
    #[command(subcommand)]
    Feedback(feedback::Feedback),
    /// Maintain the database.
    #[command(subcommand, name = "db")]
    Database(database::Database),
    /// Clear the cache.
    #[command(subcommand)]
    Cache(cache::Cache),
    /// Show, test and switch the providers of language models.
    #[command(subcommand)]
    Providers(providers::Providers),
    /// Show or install the embedding model.
    #[command(subcommand)]
    Models(models::Models),
    /// Check the configuration, or list its variables.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Run a scripted model server, to test how ragd handles slow and failing providers.
    ///
    /// It has the APIs of OpenAI, Anthropic and Gemini, answers with a fixed text, and fails on
    /// request. It needs no API key, no configuration and no data folder.
    StubLlm(stub_llm::StubLlm),
    /// Create the user `admin`, or set its password, from ADMIN_PASSWORD.
    CreateAdmin(create_admin::CreateAdmin),
    /// Apply, revert or list the database's migrations.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Print the OpenAPI document.
    Openapi,
    /// Run the OCR program under limits; the server starts this for each page image.
    #[command(hide = true)]
    Recognise {
        /// The request, as JSON.
        request: String,
    },
    /// Extract the text of one document under limits; the server starts this for each document.
    #[command(hide = true)]
    Extract {
        /// The request, as JSON.
        request: String,
    },
}

/// Reads the command line and runs its command; the exit code is 0 for success, 1 for a failure and
/// 2 for a command line or a configuration that cannot be used.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    // The child that reads documents limits itself before anything else of ragd starts.
    if let Command::Extract { request } = &cli.command {
        return ragd_text::run_child(request);
    }
    if let Command::Recognise { request } = &cli.command {
        return ragd_text::run_recogniser(request);
    }
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            output::print_error(&error);
            let refused = error.kind() == ErrorKind::Invalid;
            if refused {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn start(cli: Cli) -> Result<ExitCode> {
    // The scripted server works whatever the configuration is.
    if let Command::StubLlm(stub) = cli.command {
        return runtime()?.block_on(stub.run());
    }
    let mut sources = Sources::from_process(cli.config);
    if let Some(folder) = cli.data_dir {
        sources
            .environment
            .insert("DATA_DIR".to_owned(), folder.display().to_string());
    }
    let Loaded { config, warnings } = Config::load(&sources)?;
    let context = Context { config, warnings };
    let serving = matches!(cli.command, Command::Serve(_));
    context.start_logging(serving);
    let runtime = runtime()?;
    let code = runtime.block_on(dispatch(cli.command, context));
    // Do not wait for work that cannot be stopped (an optimisation of the index).
    runtime.shutdown_background();
    code
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal("the runtime does not start").with_source(error))
}

async fn dispatch(command: Command, context: Context) -> Result<ExitCode> {
    match command {
        Command::Serve(serve) => serve.run(context).await,
        // Boxed: the future holds a whole application.
        Command::Ingest(ingest) => Box::pin(ingest.run(context)).await,
        Command::Ask(ask) => Box::pin(ask.run(context)).await,
        Command::Search(search) => Box::pin(search.run(context)).await,
        Command::Eval(eval) => eval.run(context).await,
        Command::Index(index) => Box::pin(index.run(context)).await,
        Command::Jobs(jobs) => Box::pin(jobs.run(context)).await,
        Command::Sessions(sessions) => Box::pin(sessions.run(context)).await,
        Command::Feedback(feedback) => Box::pin(feedback.run(context)).await,
        Command::Database(database) => Box::pin(database.run(context)).await,
        Command::Cache(cache) => Box::pin(cache.run(context)).await,
        Command::Providers(providers) => Box::pin(providers.run(context)).await,
        Command::Models(models) => models.run(context).await,
        Command::Config(config) => config.run(&context),
        Command::CreateAdmin(create_admin) => create_admin.run(context).await,
        Command::Migrate(migrate) => migrate.run(context).await,
        Command::Openapi => openapi::run(),
        Command::Extract { .. } | Command::Recognise { .. } | Command::StubLlm(_) => {
            Ok(ExitCode::FAILURE)
        }
    }
}
