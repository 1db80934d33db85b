//! ragd: a whole retrieval-augmented chat backend in one binary. This file is the crate's map; the
//! floors, and which room may import which, are in `docs/ARCHITECTURE.md` and enforced by
//! `tests/it/architecture.rs`.

// Floor 0: words.
pub mod clock;
pub mod domain;
pub mod error;

// Floor ½: the way out.
pub mod outbound;

// Floor 1: walls.
pub mod embed;
pub mod index;
pub mod provider;
pub mod store;
pub mod text;
