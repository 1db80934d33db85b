//! The space of an index's vectors, and the check that a vector is of it.

use super::CODE_MISMATCH;
use super::query::QueryVector;
use ragd_core::error::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// The space that an index's dense vectors are of; vectors of different spaces are not comparable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorSpace {
    /// The model that makes the vectors, with its revision.
    pub model: String,
    /// How many numbers a vector has.
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
/// `Conflict`, code [`CODE_MISMATCH`], when the index's vectors are of another model, or of none;
/// else as [`check_vector`].
pub(super) fn check_question(space: Option<&VectorSpace>, vector: &QueryVector) -> Result<()> {
    match space {
        Some(space) if space.model == vector.model => check_vector(Some(space), &vector.values),
        other => {
            let built = other.map_or("no model", |space| space.model.as_str());
            let message = format!(
                "the index holds vectors of {built}, and the question's is of {}",
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
            "vector: the index was made without an embedding model and holds no vectors",
        ));
    };
    if vector.len() != space.dimension {
        return Err(Error::invalid(format!(
            "vector: must have {} numbers, it has {}",
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

/// Checks the average that the weights of an index are made for.
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
