//! ragd: a whole retrieval-augmented chat backend in one binary. This file is the crate's map; the
//! floors, and which room may import which, are in `docs/ARCHITECTURE.md` and enforced by
//! `tests/it/architecture.rs`.

// Floor 0: words.
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod telemetry;

// Floor 1: walls.
pub mod embed;
pub mod index;
pub mod secret;
pub mod store;
pub mod text;

// Floor 2: purposes.
pub mod auth;
