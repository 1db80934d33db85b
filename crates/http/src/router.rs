//! Every route, and the layers around them, outermost last.

use crate::failure::problem::Failure;
use crate::middleware::{self, Deadline};
use crate::state::AppState;
use crate::{
    admin, auth, chat, conversations, documents, health, index, jobs, openai, openapi as document,
    providers, retrieval, rooms, sessions,
};
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
pub(crate) fn opened(app: App) -> Result<(Router, AppState)> {
    let server = &app.config().server;
    let deadline = Deadline(Duration::from_secs(server.request_timeout_seconds));
    let cors = middleware::cors(&server.cors_origins);
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
        .layer(from_fn_with_state(
            state.clone(),
            middleware::idempotency::once,
        ))
        // Every extractor of a body has its own limit, which its answer names.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(middleware::panic_answer))
        .layer(from_fn_with_state(deadline, middleware::end_at_deadline))
        .layer(from_fn(middleware::limit_head))
        .layer(CompressionLayer::new().gzip(true));
    let framed = match cors {
        Some(cors) => framed.layer(cors),
        None => framed,
    };
    let observed = framed.layer(from_fn_with_state(state.clone(), middleware::observe));
    Ok((observed, state))
}

fn routes() -> OpenApiRouter<AppState> {
    routes_of_a_worker()
        .routes(routes!(chat::chat))
        .routes(routes!(chat::stream::chat_stream))
        .routes(routes!(openai::complete))
        .routes(routes!(openai::create))
        .routes(routes!(openai::list))
        .routes(routes!(openai::get))
        .routes(routes!(chat::feedback::give))
        .routes(routes!(conversations::complete))
        .routes(routes!(conversations::complete_api))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::get))
        .routes(routes!(rooms::create, rooms::list))
        .routes(routes!(rooms::get, rooms::rename, rooms::delete))
        .routes(routes!(rooms::messages::list, rooms::messages::say))
        .routes(routes!(rooms::messages::stream))
        .routes(routes!(rooms::export::export))
        .routes(routes!(retrieval::room_query::query))
        .routes(routes!(documents::ingest_folder::ingest))
        .routes(routes!(documents::ingest_folder::ingest_documents))
        .routes(routes!(documents::upload::upload))
        .routes(routes!(documents::list, documents::create::create))
        .routes(routes!(documents::get, documents::delete))
        .routes(routes!(documents::reprocess))
        .routes(routes!(retrieval::preview::preview))
        .routes(routes!(admin::stats::stats))
        .routes(routes!(admin::cache::clear))
        .routes(routes!(providers::list))
        .routes(routes!(providers::get, providers::change))
        .routes(routes!(providers::reset))
        .routes(routes!(providers::force_open))
        .routes(routes!(providers::release))
        .routes(routes!(providers::test))
        .routes(routes!(providers::default::get, providers::default::change))
        .routes(routes!(chat::feedback::list))
        .routes(routes!(sessions::count))
        .routes(routes!(sessions::show))
        .routes(routes!(sessions::cleanup))
        .routes(routes!(sessions::archive))
        .routes(routes!(admin::database::vacuum))
        .routes(routes!(index::status))
        .routes(routes!(index::rebuild))
        .routes(routes!(index::reembed::begin, index::reembed::progress))
}

/// What a process that only works answers: how it is, and how its work is.
fn routes_of_a_worker() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(document::skeleton())
        .routes(routes!(health::health))
        .routes(routes!(health::detailed))
        .routes(routes!(health::service_health))
        .routes(routes!(health::probes::ready))
        .routes(routes!(health::probes::live))
        .routes(routes!(health::probes::database))
        .routes(routes!(health::probes::ai))
        .routes(routes!(health::probes::ping))
        .routes(routes!(health::prometheus::metrics))
        .routes(routes!(auth::token))
        .routes(routes!(auth::me))
        .routes(routes!(jobs::get))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::admin::list))
        .routes(routes!(jobs::admin::lanes))
        .routes(routes!(jobs::admin::retry))
        .routes(routes!(jobs::admin::cancel))
}
