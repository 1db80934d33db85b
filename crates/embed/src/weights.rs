//! Reads the published weights: a `model.safetensors` file whose tensors must have the names and
//! shapes of the model's architecture. It refuses tensors of another type or shape, and values that
//! are not finite.

use ragd_core::error::{Error, Result};
use safetensors::{Dtype, SafeTensors};

/// The tensors of an open file.
pub(super) struct Weights<'a>(SafeTensors<'a>);

impl<'a> Weights<'a> {
    /// Reads the header of `bytes`, the whole file.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        SafeTensors::deserialize(bytes).map(Self).map_err(|cause| {
            Error::invalid("the weights are not a safetensors file").with_source(cause)
        })
    }

    /// The elements of the tensor `name`, row-major, which must have this `shape`.
    pub(super) fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self.0.tensor(name).map_err(|cause| {
            Error::invalid(format!("the weights have no tensor `{name}`")).with_source(cause)
        })?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
            return Err(Error::invalid(format!(
                "tensor `{name}` is {:?} {:?}, not F32 {shape:?}",
                tensor.dtype(),
                tensor.shape()
            )));
        }
        let (chunks, _) = tensor.data().as_chunks::<4>();
        let values: Vec<f32> = chunks.iter().copied().map(f32::from_le_bytes).collect();
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(Error::invalid(format!(
                "tensor `{name}` has values that are not finite"
            )))
        }
    }
}
