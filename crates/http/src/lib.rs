//! The HTTP interface. One folder a resource holds its handlers and their request and response types;
//! `extract` reads requests, `middleware` surrounds every handler, `failure` writes errors, `stream` ends
//! event streams, `audit` limits audit lines. It calls the services and decides nothing else.

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
