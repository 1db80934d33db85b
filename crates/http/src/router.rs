//! Every route, and the layers around them, outermost last.

use super::frame::{self, Deadline};
use super::problem::Failure;
use super::state::AppState;
use super::{
    cache_admin, chat, chat_stream, conversations, database_admin, default_provider, documents,
    export, feedback, health, idempotency, index_admin, ingest, jobs, jobs_admin, messages, openai,
    preview, probes, providers_admin, rag_query, reembed, rooms, sessions_admin, stats, telemetry,
};
use super::{openapi as document, text_document, token, upload};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use ragd_core::error::Result;
use ragd_service::app::App;
use ragd_service::config::Role;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

/// The document that describes every route (OpenAPI 3.1).
pub fn openapi() -> OpenApi {
    document::complete(routes().into_openapi())
}

/// The router, and what its handlers are given.
///
/// # Errors
/// `Internal` when this application has been served before.
pub(super) fn opened(app: App) -> Result<(Router, AppState)> {
    let server = &app.config().server;
    let deadline = Deadline(Duration::from_secs(server.request_timeout_seconds));
    let cors = frame::cors(&server.cors_origins);
    let served = if app.config().jobs.role == Role::Worker {
        routes_of_a_worker()
    } else {
        routes()
    };
    let (routes, described) = served.split_for_parts();
    let docs = SwaggerUi::new("/docs").url("/openapi.json", document::complete(described));
    let state = AppState::new(app)?;
    let framed = routes
        .merge(docs)
        .fallback(async || Failure::of_status(StatusCode::NOT_FOUND))
        .with_state(state.clone())
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        // Every extractor of a body has its own limit, which its answer names.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(frame::panic_answer))
        .layer(from_fn_with_state(deadline, frame::end_at_deadline))
        .layer(from_fn(frame::limit_head))
        .layer(CompressionLayer::new().gzip(true));
    let framed = match cors {
        Some(cors) => framed.layer(cors),
        None => framed,
    };
    let observed = framed.layer(from_fn_with_state(state.clone(), frame::observe));
    Ok((observed, state))
}

fn routes() -> OpenApiRouter<AppState> {
    routes_of_a_worker()
        .routes(routes!(chat::chat))
        .routes(routes!(chat_stream::chat_stream))
        .routes(routes!(openai::complete))
        .routes(routes!(openai::create))
        .routes(routes!(openai::list))
        .routes(routes!(openai::get))
        .routes(routes!(feedback::give))
        .routes(routes!(conversations::complete))
        .routes(routes!(conversations::complete_api))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::get))
        .routes(routes!(rooms::create, rooms::list))
        .routes(routes!(rooms::get, rooms::rename, rooms::delete))
        .routes(routes!(messages::list, messages::say))
        .routes(routes!(messages::stream))
        .routes(routes!(export::export))
        .routes(routes!(rag_query::query))
        .routes(routes!(ingest::ingest))
        .routes(routes!(ingest::ingest_documents))
        .routes(routes!(upload::upload))
        .routes(routes!(documents::list, text_document::create))
        .routes(routes!(documents::get, documents::delete))
        .routes(routes!(documents::reprocess))
        .routes(routes!(preview::preview))
        .routes(routes!(stats::stats))
        .routes(routes!(cache_admin::clear))
        .routes(routes!(providers_admin::list))
        .routes(routes!(providers_admin::get, providers_admin::change))
        .routes(routes!(providers_admin::reset))
        .routes(routes!(providers_admin::force_open))
        .routes(routes!(providers_admin::release))
        .routes(routes!(providers_admin::test))
        .routes(routes!(default_provider::get, default_provider::change))
        .routes(routes!(feedback::list))
        .routes(routes!(sessions_admin::count))
        .routes(routes!(sessions_admin::show))
        .routes(routes!(sessions_admin::cleanup))
        .routes(routes!(sessions_admin::archive))
        .routes(routes!(database_admin::vacuum))
        .routes(routes!(index_admin::status))
        .routes(routes!(index_admin::rebuild))
        .routes(routes!(reembed::begin, reembed::progress))
}

/// What a process that only works answers: how it is, and how its work is.
fn routes_of_a_worker() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(document::skeleton())
        .routes(routes!(health::health))
        .routes(routes!(health::detailed))
        .routes(routes!(health::service_health))
        .routes(routes!(probes::ready))
        .routes(routes!(probes::live))
        .routes(routes!(probes::database))
        .routes(routes!(probes::ai))
        .routes(routes!(probes::ping))
        .routes(routes!(telemetry::metrics))
        .routes(routes!(token::token))
        .routes(routes!(token::me))
        .routes(routes!(jobs::get))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs_admin::list))
        .routes(routes!(jobs_admin::lanes))
        .routes(routes!(jobs_admin::retry))
        .routes(routes!(jobs_admin::cancel))
}
