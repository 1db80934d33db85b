//! ragd: a whole retrieval-augmented chat backend in one binary. This file is the crate's map; the
//! floors, and which room may import which, are in `docs/ARCHITECTURE.md` and enforced by
//! `tests/it/architecture.rs`.

// Floor 0: words.
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod resilience;
pub mod telemetry;

// Between the floors: the one HTTP client.
pub mod outbound;

// Floor 1: walls.
pub mod blob;
pub mod cache;
pub mod embed;
pub mod index;
pub mod provider;
pub mod rehearsal;
pub mod secret;
pub mod store;
pub mod text;

// Floor 2: purposes.
pub mod auth;
pub mod chat;
pub mod citation;
pub mod indexing;
pub mod ingest;
pub mod memory;
pub mod retrieval;

// Floor 3: everything put together.
pub mod app;

// Floor 4: doors.
pub mod cli;
pub mod http;
pub mod jobs;
