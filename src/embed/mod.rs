//! Text to vectors: the local model, all-MiniLM-L6-v2, converted once from its published weights
//! and run in process. It knows texts and vectors; documents, collections and remote embedding
//! services are other rooms' business.

mod bert;
mod calibration;
pub mod convert;
mod embedder;
mod encoder;
mod files;
mod graph;
mod matrix;
mod onnx;
pub mod reference;
mod tokens;
mod weights;

pub use embedder::Embedder;
pub use files::{MODEL_ID, MODEL_NAME, Manifest, installed};
pub use tokens::MAX_TOKENS;
