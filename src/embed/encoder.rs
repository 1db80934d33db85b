//! Runs the encoder: token ids in, unit vectors out. The only file that names the inference crate.

use super::bert::HIDDEN;
use super::graph::{ATTENTION_MASK, HIDDEN_STATES, INPUT_IDS};
use crate::error::{Error, Result};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};
use std::sync::Arc;

/// The threads that runs compute on.
pub(super) type Pool = Arc<ThreadPool>;

/// A loaded encoder; runs may overlap.
pub(super) struct Encoder {
    model: Model,
    ids: NodeId,
    mask: NodeId,
    hidden: NodeId,
}

impl Encoder {
    /// Loads a serialised graph.
    pub(super) fn load(graph: Vec<u8>) -> Result<Self> {
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load(graph)
            .map_err(|cause| Error::internal("the model does not load").with_source(cause))?;
        let node = |name| {
            model.node_id(name).map_err(|cause| {
                Error::internal(format!("the model has no `{name}`")).with_source(cause)
            })
        };
        let (ids, mask, hidden) = (
            node(INPUT_IDS)?,
            node(ATTENTION_MASK)?,
            node(HIDDEN_STATES)?,
        );
        Ok(Self {
            model,
            ids,
            mask,
            hidden,
        })
    }

    /// A pool of so many threads.
    pub(super) fn pool(threads: usize) -> Pool {
        Arc::new(ThreadPool::with_num_threads(threads))
    }

    /// The unit vectors of `texts`, each the ids of its tokens, in order. The texts are padded to
    /// the longest, so they had better be of like length. Blocks; uses the threads of `pool`.
    pub(super) fn encode(&self, texts: &[&[i32]], pool: &Pool) -> Result<Vec<Vec<f32>>> {
        let failed = |cause| Error::internal("the model failed").with_source(cause);
        let length = texts.iter().map(|ids| ids.len()).max().unwrap_or(0);
        let shape = [texts.len(), length];
        let ids = NdTensor::from_fn(shape, |[text, i]| token(texts, text, i).unwrap_or(0));
        let mask = NdTensor::from_fn(shape, |[text, i]| {
            i32::from(token(texts, text, i).is_some())
        });
        let inputs = vec![
            (self.ids, ids.view().into()),
            (self.mask, mask.view().into()),
        ];
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
        let [hidden] = self
            .model
            .run_n(inputs, [self.hidden], Some(options))
            .map_err(failed)?;
        let hidden: NdTensor<f32, 3> = hidden.try_into().map_err(|cause| {
            Error::internal("the model's output has another shape").with_source(cause)
        })?;
        Ok(texts
            .iter()
            .enumerate()
            .map(|(text, ids)| pooled(hidden.slice(text), ids.len()))
            .collect())
    }
}

fn token(texts: &[&[i32]], text: usize, position: usize) -> Option<i32> {
    texts.get(text)?.get(position).copied()
}

/// The mean of the first `length` states, cut to unit length: the pooling that the model was
/// trained with.
fn pooled(states: NdTensorView<'_, f32, 2>, length: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f32; HIDDEN];
    for state in states.axis_iter(0).take(length) {
        for (sum, value) in sum.iter_mut().zip(state.iter()) {
            *sum += value;
        }
    }
    // Dividing by the count before dividing by the norm would change nothing.
    let norm = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm > 0.0 {
        sum.iter_mut().for_each(|value| *value /= norm);
    }
    sum
}
