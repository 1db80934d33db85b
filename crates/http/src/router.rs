//! Every route, and the middleware around them, outermost last.

use crate::failure::problem::Failure;
use crate::middleware::{self, Deadline};
use crate::openapi::DescribedRoutes;
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
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

/// The document that describes every route (OpenAPI 3.1).
pub fn openapi() -> OpenApi {
    document::complete(routes().router.into_openapi())
}

/// The router, and the state of its handlers.
///
/// # Errors
/// `Internal` when this application has been served before.
pub(crate) fn build(app: App) -> Result<(Router, AppState)> {
    let server = &app.config().server;
    let deadline = Deadline(Duration::from_secs(server.request_timeout_seconds));
    let cors = middleware::cors(&server.cors_origins);
    let served = if app.config().jobs.role == Role::Worker {
        worker_routes()
    } else {
        routes()
    };
    let (routes, described) = served.router.split_for_parts();
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
        // Every extractor of a body has its own limit, which its failure names.
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

fn routes() -> DescribedRoutes<AppState> {
    worker_routes()
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
        .routes(routes!(rooms::messages::list, rooms::messages::post))
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

/// The routes of a process that only runs jobs: health, logins and jobs.
fn worker_routes() -> DescribedRoutes<AppState> {
    DescribedRoutes::new(document::skeleton())
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_schema_name_belongs_to_one_type() {
        let ambiguous = routes().ambiguous;
        assert!(ambiguous.is_empty(), "two types are called {ambiguous:?}");
    }

    #[test]
    fn every_reference_has_its_schema() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut references = Vec::new();
        collect_references(&document, &mut references);
        assert!(references.len() > 100, "{} references", references.len());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_event_stream_describes_its_events() {
        let document = serde_json::to_value(openapi()).unwrap();
        let mut streams = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            let content = &item["post"]["responses"]["200"]["content"]["text/event-stream"];
            if let Some(reference) = content["schema"]["$ref"].as_str() {
                let events = document.pointer(&reference[1..]).unwrap();
                let forms = events["oneOf"].as_array().map(Vec::len);
                streams.push((path.as_str(), forms));
            }
        }
        let expected = [
            ("/api/rooms/{id}/messages/stream", Some(4)),
            ("/chat/stream", Some(4)),
            ("/v1/chat/completions", Some(2)),
        ];
        assert_eq!(streams, expected);
    }

    fn collect_references(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    references.push(reference.clone());
                }
                for field in fields.values() {
                    collect_references(field, references);
                }
            }
            Value::Array(items) => {
                for item in items {
                    collect_references(item, references);
                }
            }
            _ => {}
        }
    }
}
