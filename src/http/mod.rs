//! The HTTP door: routes, extractors, the frame around every handler, one file a resource. It turns
//! requests into calls of the services and results into answers; it decides nothing else.

mod cache_admin;
mod caller;
mod chat;
mod chat_stream;
mod chat_wire;
mod client;
mod document_view;
mod documents;
mod extract;
mod frame;
mod health;
mod idempotency;
mod index_admin;
mod ingest;
mod jobs;
mod openapi;
mod preview;
mod preview_view;
mod probes;
mod problem;
mod reembed;
mod refusals;
mod router;
mod server;
mod stalled;
mod state;
mod stats;
mod telemetry;
mod text_document;
mod throttle;
mod token;
mod upload;
mod upload_form;

pub use router::{openapi, router};
pub use server::serve;
