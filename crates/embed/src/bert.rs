//! The architecture of all-MiniLM-L6-v2 and its weights: a BERT encoder of six layers, read from
//! the published tensors and rearranged, without changing what it computes, into the fewest and
//! largest multiplications. It knows nothing of ONNX or of rounding.

use super::matrix::Matrix;
use super::weights::Weights;
use ragd_core::error::{Error, Result};

/// The length of a vector, and of every hidden state.
pub(super) const HIDDEN: usize = 384;
/// Attention heads; each works on `HIDDEN / HEADS` elements.
pub(super) const HEADS: usize = 12;
pub(super) const HEAD_SIZE: usize = HIDDEN / HEADS;
/// Encoder layers.
pub(super) const LAYERS: usize = 6;
const INTERMEDIATE: usize = 1536;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;

/// `x → x·weight + bias`.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    pub weight: Matrix,
    pub bias: Vec<f32>,
}

/// Layer normalisation's scale and shift.
#[derive(Debug, Clone)]
pub(super) struct Norm {
    pub gamma: Vec<f32>,
    pub beta: Vec<f32>,
}

/// One encoder layer.
#[derive(Debug)]
pub(super) struct Layer {
    /// Query, key and value at once: column `head·3·HEAD_SIZE + part·HEAD_SIZE + i`.
    pub attention_in: Linear,
    pub attention_out: Linear,
    pub attention_norm: Norm,
    pub up: Linear,
    pub down: Linear,
    pub output_norm: Norm,
}

/// The whole encoder.
#[derive(Debug)]
pub(super) struct Bert {
    /// One row a token of the vocabulary.
    pub words: Matrix,
    /// One row a position, with the embedding of the only token type in use added.
    pub positions: Matrix,
    pub embedding_norm: Norm,
    pub layers: Vec<Layer>,
}

impl Bert {
    /// Reads every tensor that the encoder needs.
    pub(super) fn read(weights: &Weights<'_>) -> Result<Self> {
        let table = |name: &str, rows| {
            let name = format!("embeddings.{name}_embeddings.weight");
            matrix(rows, HIDDEN, weights.floats(&name, &[rows, HIDDEN])?)
        };
        let types = weights.floats("embeddings.token_type_embeddings.weight", &[2, HIDDEN])?;
        let mut positions = table("position", POSITIONS)?;
        // A single text has token type 0 throughout.
        positions.add_to_rows(&types);
        Ok(Self {
            words: table("word", VOCABULARY)?,
            positions,
            embedding_norm: norm(weights, "embeddings.LayerNorm")?,
            layers: (0..LAYERS)
                .map(|layer| Layer::read(weights, layer))
                .collect::<Result<_>>()?,
        })
    }
}

impl Layer {
    fn read(weights: &Weights<'_>, layer: usize) -> Result<Self> {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let square = |part: &str| linear(weights, &name(part), HIDDEN, HIDDEN);
        let value = square("attention.self.value")?;
        let mut attention_out = square("attention.output.dense")?;
        // Attention weights sum to one, so the value's bias passes through attention unchanged and
        // can be added after it. The key's bias adds the same to every score of a query,
        // which softmax cancels. Only the query's bias is left.
        let passed = attention_out.weight.multiply(&value.bias);
        for (bias, passed) in attention_out.bias.iter_mut().zip(passed) {
            *bias += passed;
        }
        let query = square("attention.self.query")?;
        let key = square("attention.self.key")?;
        Ok(Self {
            attention_in: packed(query, &key.weight, &value.weight)?,
            attention_out,
            attention_norm: norm(weights, &name("attention.output.LayerNorm"))?,
            up: linear(weights, &name("intermediate.dense"), HIDDEN, INTERMEDIATE)?,
            down: linear(weights, &name("output.dense"), INTERMEDIATE, HIDDEN)?,
            output_norm: norm(weights, &name("output.LayerNorm"))?,
        })
    }
}

/// Interleaves query, key and value head by head.
fn packed(query: Linear, key: &Matrix, value: &Matrix) -> Result<Linear> {
    let no_bias = vec![0.0; HIDDEN];
    let biases = [query.bias.as_slice(), &no_bias, &no_bias];
    let rows: Vec<[&[f32]; 3]> = query
        .weight
        .lines()
        .zip(key.lines())
        .zip(value.lines())
        .map(|((query, key), value)| [query, key, value])
        .collect();
    Ok(Linear {
        weight: matrix(
            HIDDEN,
            3 * HIDDEN,
            rows.into_iter().flat_map(interleaved).collect(),
        )?,
        bias: interleaved(biases),
    })
}

fn interleaved(parts: [&[f32]; 3]) -> Vec<f32> {
    let [query, key, value] = parts.map(|part| part.chunks(HEAD_SIZE));
    query
        .zip(key)
        .zip(value)
        .flat_map(|((query, key), value)| [query, key, value].concat())
        .collect()
}

/// A layer stored as `[outputs, inputs]`, transposed so that it multiplies row vectors.
fn linear(weights: &Weights<'_>, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
    let stored = weights.floats(&format!("{name}.weight"), &[outputs, inputs])?;
    Ok(Linear {
        weight: matrix(outputs, inputs, stored)?.transposed(),
        bias: weights.floats(&format!("{name}.bias"), &[outputs])?,
    })
}

fn norm(weights: &Weights<'_>, name: &str) -> Result<Norm> {
    Ok(Norm {
        gamma: weights.floats(&format!("{name}.weight"), &[HIDDEN])?,
        beta: weights.floats(&format!("{name}.bias"), &[HIDDEN])?,
    })
}

fn matrix(rows: usize, columns: usize, values: Vec<f32>) -> Result<Matrix> {
    Matrix::new(rows, columns, values)
        .ok_or_else(|| Error::internal("the length of a tensor is not the product of its shape"))
}
