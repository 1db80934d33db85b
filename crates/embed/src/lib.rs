//! Text to vectors, from either of two sources: the local model, all-MiniLM-L6-v2, converted once
//! from its published weights and run in process; or an endpoint that is called over HTTP. It knows
//! texts and vectors, and nothing of documents or collections.

mod bert;
mod calibration;
pub mod convert;
mod current;
mod embedder;
mod encoder;
mod endpoint;
mod files;
mod graph;
mod local;
mod matrix;
mod onnx;
mod openai_tokens;
pub mod reference;
mod rounding;
mod tokens;
mod weights;

pub use current::CurrentEmbedder;
pub use embedder::Embedder;
pub use endpoint::{
    CODE_EMBEDDINGS_UNAVAILABLE, Endpoint, EndpointSettings, EndpointTimeouts, EndpointWire,
    endpoint_model_id,
};
pub use files::{MODEL_ID, MODEL_NAME, Manifest, installed};
pub use local::Local;
pub use openai_tokens::text_of_tokens;
pub use tokens::MAX_TOKENS;

/// The length of a vector of the local model.
pub const LOCAL_DIMENSION: usize = bert::HIDDEN;
