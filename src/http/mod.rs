//! The HTTP door: routes, extractors, the frame around every handler, one file a resource. It turns
//! requests into calls of the services and results into answers; it decides nothing else.

mod caller;
mod chat;
mod chat_stream;
mod chat_wire;
mod client;
mod conversation_view;
mod conversations;
mod database_admin;
mod document_view;
mod documents;
mod export;
mod extract;
mod feedback;
mod frame;
mod health;
mod index_admin;
mod ingest;
mod jobs;
mod jobs_admin;
mod limited;
mod messages;
mod openapi;
mod preview;
mod preview_view;
mod probes;
mod problem;
mod rag_query;
mod reembed;
mod refusals;
mod room_view;
mod rooms;
mod router;
mod server;
mod sessions_admin;
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
