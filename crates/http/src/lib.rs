//! The HTTP interface. One folder a resource holds its handlers and their request and response types;
//! `extract` reads requests, `middleware` surrounds every handler, `failure` writes errors, `stream` ends
//! event streams, `audit` limits audit lines. It calls the services and decides nothing else.
//!
//! Request and response types are named after their route (`CreateRoomRequest`, `RoomResponse`,
//! `RoomListQuery`); the parts of a response are named after what they are (`AnswerSource`). They are in
//! the handler's file, or in the folder's `types.rs` where they are many or shared. The name is also the
//! schema's name in the OpenAPI document, so each name belongs to one type.

mod admin;
mod audit;
mod auth;
mod chat;
mod conversations;
mod documents;
mod extract;
mod failure;
mod health;
mod index;
mod jobs;
mod metrics;
mod middleware;
mod openai;
mod openapi;
mod providers;
mod retrieval;
mod rooms;
mod router;
mod server;
mod sessions;
mod state;
mod stream;

pub use router::openapi;
pub use server::serve;
