//! The command line: one file a command. A command that needs the application talks to it over
//! HTTP: to the server that holds the data folder, or to one of its own for as long as it runs, so
//! that there is one way only.

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
/// Start with `ragd ingest FOLDER`, then `ragd ask "a question"`; `ragd serve` offers the same over
/// HTTP. Everything is kept in the data folder (DATA_DIR, default ./data). Settings come from a file
/// and from the environment: see `ragd config check`.
#[derive(Debug, Parser)]
#[command(version, about, long_about, max_term_width = 100)]
struct Cli {
    /// A settings file (TOML); `config/default.toml` shows every setting.
    #[arg(long, global = true, env = "RAGD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder: overrules DATA_DIR.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the HTTP API until stopped (SIGTERM or Ctrl-C).
    Serve(serve::Serve),
    /// Take in files and folders; what is unchanged is skipped.
    ///
    /// Prints a summary of what was indexed, what was unchanged and what failed, with the reason.
    /// Exits with 1 when anything failed.
    Ingest(ingest::Ingest),
    /// Ask a question; the answer cites its sources.
    Ask(ask::Ask),
    /// Find passages, with every part of their score.
    Search(search::Search),
    /// Measure retrieval on a judged collection (BEIR form).
    Eval(eval::Eval),
    /// Look at the index, or rebuild it from the database.
    #[command(subcommand)]
    Index(index::Index),
    /// Look at durable work: what waits, what failed for good; call it off or try it again.
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// Look at sessions, write unused ones down, delete them.
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    /// Take what people thought of answers out, as a test set.
    #[command(subcommand)]
    Feedback(feedback::Feedback),
    /// Look after the database.
    #[command(subcommand, name = "db")]
    Database(database::Database),
    /// Forget what is kept for a while.
    #[command(subcommand)]
    Cache(cache::Cache),
    /// Look at the providers of language models, try them, steer them.
    #[command(subcommand)]
    Providers(providers::Providers),
    /// Look at the embedding model, or install it.
    #[command(subcommand)]
    Models(models::Models),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Rehearse a provider's outage: a language model that is none, and fails as it is told.
    ///
    /// It speaks the shapes of OpenAI, Anthropic and Gemini, and says a fixed text. It needs no key,
    /// no configuration and no data folder.
    StubLlm(stub_llm::StubLlm),
    /// Make the user `admin`, or set its password, from ADMIN_PASSWORD.
    CreateAdmin(create_admin::CreateAdmin),
    /// Apply, revert or list the database's migrations.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Print the OpenAPI document.
    Openapi,
    /// Become the OCR program, under limits: what the server runs for each picture of a page.
    #[command(hide = true)]
    Recognise {
        /// The request, as JSON.
        request: String,
    },
    /// Read one document's text, under limits: what the server runs for each document.
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
    // The child that reads documents binds itself before anything else of ragd begins.
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
    // No configuration, however broken, stands in the way of a rehearsal.
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
    // Work that cannot be stopped (an optimisation of the index) is not waited for.
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
