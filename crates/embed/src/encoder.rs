//! Runs the encoder: token ids in, unit vectors out. The only file that uses the inference crate.

use super::bert::HIDDEN;
use super::graph::{ATTENTION_MASK, HIDDEN_STATES, INPUT_IDS};
use ragd_core::error::{Error, Result};
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
        let (ids, mask, hidden) = (
            node(&model, INPUT_IDS)?,
            node(&model, ATTENTION_MASK)?,
            node(&model, HIDDEN_STATES)?,
        );
        Ok(Self {
            model,
            ids,
            mask,
            hidden,
        })
    }

    /// A pool of this many threads.
    pub(super) fn pool(threads: usize) -> Pool {
        Arc::new(ThreadPool::with_num_threads(threads))
    }

    /// The unit vectors of `texts`, each given as its token ids, in order. The texts are padded to
    /// the longest, so texts of similar length cost least. Blocks; uses the threads of `pool`.
    pub(super) fn encode(&self, texts: &[&[i32]], pool: &Pool) -> Result<Vec<Vec<f32>>> {
        let hidden = self.run(texts, &[self.hidden], pool)?;
        Ok(hidden
            .iter()
            .flat_map(|hidden| hidden.axis_iter(0).zip(texts))
            .map(|(states, ids)| pooled(states, ids.len()))
            .collect())
    }

    /// The values with these `names` for one text: for each name, one row of channels a token.
    pub(super) fn observe(&self, ids: &[i32], names: &[String]) -> Result<Vec<Vec<Vec<f32>>>> {
        let nodes: Vec<NodeId> = names
            .iter()
            .map(|name| node(&self.model, name))
            .collect::<Result<_>>()?;
        let values = self.run(&[ids], &nodes, &Self::pool(1))?;
        Ok(values
            .iter()
            .map(|value| value.lanes(2).map(|lane| lane.copied().collect()).collect())
            .collect())
    }

    fn run(
        &self,
        texts: &[&[i32]],
        nodes: &[NodeId],
        pool: &Pool,
    ) -> Result<Vec<NdTensor<f32, 3>>> {
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
        self.model
            .run(inputs, nodes, Some(options))
            .map_err(|cause| Error::internal("the model failed").with_source(cause))?
            .into_iter()
            .map(|value| {
                value.try_into().map_err(|cause| {
                    Error::internal("a value of the model has an unexpected shape")
                        .with_source(cause)
                })
            })
            .collect()
    }
}

fn node(model: &Model, name: &str) -> Result<NodeId> {
    model.node_id(name).map_err(|cause| {
        Error::internal(format!("the model has no value `{name}`")).with_source(cause)
    })
}

fn token(texts: &[&[i32]], text: usize, position: usize) -> Option<i32> {
    texts.get(text)?.get(position).copied()
}

/// The mean of the first `length` states, scaled to unit length: the pooling that the model was
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
