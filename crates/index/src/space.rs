//! The space of an index's vectors, and the check that a vector belongs to it.

use super::error::CODE_MISMATCH;
use super::query::QueryVector;
use ragd_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// The space of an index's dense vectors; vectors of different spaces cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorSpace {
    /// The id of the model, with its revision.
    pub model: String,
    /// The length of a vector.
    pub dimension: usize,
}

impl std::fmt::Display for VectorSpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} dimensions)", self.model, self.dimension)
    }
}

/// Checks a question's vector against the index's space.
///
/// # Errors
/// `Conflict`, code [`CODE_MISMATCH`], when the index's vectors are of another model or it has
/// none; else as [`check_vector`].
pub(super) fn check_question(space: Option<&VectorSpace>, vector: &QueryVector) -> Result<()> {
    match space {
        Some(space) if space.model == vector.model => check_vector(Some(space), &vector.values),
        other => {
            let built = other.map_or("no model", |space| space.model.as_str());
            let message = format!(
                "the index has vectors of {built}, but the question's is of {}",
                vector.model
            );
            Err(Error::new(ErrorKind::Conflict, message).with_code(CODE_MISMATCH))
        }
    }
}

/// Checks a vector against the index's space.
///
/// # Errors
/// `Invalid` when the index has no vectors, the dimension is another, or a number is not finite.
pub(super) fn check_vector(space: Option<&VectorSpace>, vector: &[f32]) -> Result<()> {
    let Some(space) = space else {
        return Err(Error::invalid(
            "vector: the index was built without an embedding model and has no vectors",
        ));
    };
    if vector.len() != space.dimension {
        return Err(Error::invalid(format!(
            "vector: must have {} numbers, but has {}",
            space.dimension,
            vector.len()
        )));
    }
    if vector.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(Error::invalid("vector: every number must be finite"))
    }
}

/// Checks the average number of terms that the BM25 weights of an index are computed with.
///
/// # Errors
/// `Invalid` when it is not above 0.
pub(super) fn check_average(average_terms: f32) -> Result<()> {
    if average_terms.is_finite() && average_terms > 0.0 {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "average_terms: must be above 0, not {average_terms}"
        )))
    }
}
