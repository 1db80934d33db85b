//! Texts with the vectors that a separate implementation gives them in 64-bit floats: what the
//! converted model is checked against, at installation and in tests.

use base64::Engine;
use ragd_core::error::{Error, Result};
use serde::Deserialize;

/// A text and its vector.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The text that was embedded.
    pub text: String,
    /// Its unit vector.
    pub vector: Vec<f32>,
}

#[derive(Deserialize)]
struct Stored {
    references: Vec<StoredReference>,
}

#[derive(Deserialize)]
struct StoredReference {
    text: String,
    /// Little-endian 32-bit floats in base64.
    vector: String,
}

/// All reference texts with their vectors.
///
/// # Errors
/// [`ErrorKind::Internal`](ragd_core::error::ErrorKind::Internal) if the stored file is malformed.
pub fn all() -> Result<Vec<Reference>> {
    let stored: Stored =
        serde_json::from_str(include_str!("reference.json")).map_err(unreadable)?;
    stored.references.into_iter().map(decoded).collect()
}

fn decoded(stored: StoredReference) -> Result<Reference> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(&stored.vector)
        .map_err(unreadable)?;
    let (floats, _) = bytes.as_chunks::<4>();
    Ok(Reference {
        text: stored.text,
        vector: floats.iter().copied().map(f32::from_le_bytes).collect(),
    })
}

fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("the stored reference vectors cannot be read").with_source(cause)
}
