//! ragd: a whole retrieval-augmented chat backend in one binary. This crate is the command line; it
//! also names every module of the workspace by its plain name, so that a test or a benchmark says
//! `ragd::store`. The layers are in `docs/ARCHITECTURE.md`; Cargo keeps their order.

pub mod cli;

pub use ragd_core::{clock, domain, error, outbound, resilience, telemetry};
pub use ragd_embed as embed;
pub use ragd_http as http;
pub use ragd_index as index;
pub use ragd_language::{citation, extractive};
pub use ragd_llm as provider;
pub use ragd_service::{
    app, auth, blob, cache, chat, config, indexing, ingest, jobs, memory, retrieval, secret,
};
pub use ragd_store as store;
pub use ragd_stub_llm as stub_llm;
pub use ragd_text as text;
