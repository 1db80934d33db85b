//! What ragd does, whatever asks for it: configuration, secrets, accounts, ingest, indexing,
//! retrieval, answers, jobs, and the application that builds and owns all of them. Knows no route and
//! no command.

pub mod app;
pub mod auth;
pub mod blob;
pub mod cache;
pub mod chat;
pub mod config;
pub mod indexing;
pub mod ingest;
pub mod jobs;
pub mod memory;
pub mod retrieval;
pub mod secret;
