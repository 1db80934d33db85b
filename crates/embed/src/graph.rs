//! The encoder as an ONNX graph, in floats or with the large multiplications in bytes. It takes
//! `input_ids` and `attention_mask`, both `[batch, length]`, and gives `hidden`, the last hidden
//! states `[batch, length, 384]`; pooling is not its business. Two operators of the `com.microsoft`
//! set (fused attention, and a residual sum with its normalisation) keep the graph short.

use super::bert::{Bert, HEAD_SIZE, HEADS, HIDDEN, Layer, Linear, Norm};
use super::calibration::{Rounding, Roundings, Slot};
use super::matrix::{Matrix, Quantised};
use super::onnx::{Attribute, Dimension, ElementType, Graph};

/// The names of the graph's inputs and its output.
pub(super) const INPUT_IDS: &str = "input_ids";
pub(super) const ATTENTION_MASK: &str = "attention_mask";
pub(super) const HIDDEN_STATES: &str = "hidden";

/// BERT's `layer_norm_eps`.
const EPSILON: (&str, Attribute) = ("epsilon", Attribute::Float(1e-12));
/// `TensorProto.DataType.FLOAT`, as an attribute.
const TO_FLOAT: (&str, Attribute) = ("to", Attribute::Int(ElementType::Float as i64));

/// How the large multiplications are done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Precision<'a> {
    /// In 32-bit floats. The input of each multiplication can be observed under its [`tap`]'s name.
    Float,
    /// In bytes, rounded in fixed ranges, so that a text's vector does not depend on the texts that
    /// it is embedded with.
    Int8(&'a Roundings),
}

/// The name of the input of a multiplication, in a graph of floats.
pub(super) fn tap(layer: usize, slot: Slot) -> String {
    format!("layer.{layer}.{slot:?}")
}

/// The shape of hidden states with so many channels.
fn states(channels: usize) -> [Dimension; 3] {
    let [batch, length] = ["batch", "length"].map(Dimension::Named);
    [batch, length, Dimension::Fixed(channels)]
}

/// Serialises the encoder.
pub(super) fn build(bert: &Bert, precision: Precision<'_>) -> Vec<u8> {
    let mut builder = Builder {
        graph: Graph::default(),
        precision,
    };
    let [batch, length, _] = states(HIDDEN);
    let text = [batch, length];
    let ids = builder.graph.input(INPUT_IDS, ElementType::Int64, &text);
    let mask = builder
        .graph
        .input(ATTENTION_MASK, ElementType::Int32, &text);
    let mut last = builder.embeddings(bert, &ids);
    for (number, layer) in bert.layers.iter().enumerate() {
        last = builder.layer(number, layer, [&last, &mask]);
    }
    let mut graph = builder.graph;
    graph.rename(&last, HIDDEN_STATES);
    graph.output(HIDDEN_STATES, ElementType::Float, &states(HIDDEN));
    graph.finish("all-MiniLM-L6-v2")
}

struct Builder<'a> {
    graph: Graph,
    precision: Precision<'a>,
}

impl Builder<'_> {
    fn embeddings(&mut self, bert: &Bert, ids: &str) -> String {
        let words = self.words(&bert.words, ids);
        let positions = self.floats(&bert.positions);
        // The first `length` rows of the table.
        let axis = [("start", Attribute::Int(1)), ("end", Attribute::Int(2))];
        let length = self.graph.node("Shape", &[ids], &axis);
        let first = self.graph.int64s(&[0]);
        let positions = self
            .graph
            .node("Slice", &[&positions, &first, &length, &first], &[]);
        let sum = self.graph.node("Add", &[&words, &positions], &[]);
        let norm = self.even_norm(&bert.embedding_norm, (0, Slot::AttentionIn));
        let [gamma, beta] = self.norm(&norm);
        self.graph
            .node("LayerNormalization", &[&sum, &gamma, &beta], &[EPSILON])
    }

    /// Looks up the vocabulary's rows; as bytes the table takes a quarter of the memory.
    fn words(&mut self, words: &Matrix, ids: &str) -> String {
        if matches!(self.precision, Precision::Float) {
            let table = self.floats(words);
            return self.graph.node("Gather", &[&table, ids], &[]);
        }
        let [rows, _] = words.shape();
        let quantised = words.quantised_by_row();
        let table = self.graph.int8s(&words.shape(), &quantised.bytes);
        let scales = self.graph.floats(&[rows, 1], &quantised.scales);
        let bytes = self.graph.node("Gather", &[&table, ids], &[]);
        let scale = self.graph.node("Gather", &[&scales, ids], &[]);
        let values = self.graph.node("Cast", &[&bytes], &[TO_FLOAT]);
        self.graph.node("Mul", &[&values, &scale], &[])
    }

    /// `states` are even for the first multiplication, and what is returned for the next layer's.
    fn layer(&mut self, number: usize, layer: &Layer, [states, mask]: [&str; 2]) -> String {
        let entry = (number, Slot::AttentionIn);
        let attention_in = self.with_even_values(&layer.attention_in, number);
        let packed = self.linear(&attention_in, states, entry);
        let shape = [0, 0, HEADS as i64, 3, HEAD_SIZE as i64];
        let shape = self.graph.int64s(&shape);
        let packed = self.graph.node("Reshape", &[&packed, &shape], &[]);
        let heads = [("num_heads", Attribute::Int(HEADS as i64))];
        let inputs = [packed.as_str(), "", "", "", mask];
        let context = self
            .graph
            .node("com.microsoft.MultiHeadAttention", &inputs, &heads);
        let attention_out = self.with_centres(&layer.attention_out, entry);
        let attended = self.linear(&attention_out, &context, (number, Slot::AttentionOut));
        let norm = self.even_norm(&layer.attention_norm, (number, Slot::Up));
        let states = self.widened(states, entry);
        let states = self.residual(&attended, &states, &norm);

        let middle = (number, Slot::Up);
        let raised = self.linear(&layer.up, &states, middle);
        let activated = self.graph.node("Gelu", &[&raised], &[]);
        let down = self.with_centres(&layer.down, middle);
        let lowered = self.linear(&down, &activated, (number, Slot::Down));
        let norm = self.even_norm(&layer.output_norm, (number + 1, Slot::AttentionIn));
        let states = self.widened(&states, middle);
        self.residual(&lowered, &states, &norm)
    }

    /// How the input of a multiplication is rounded, if it is.
    fn rounding(&self, (layer, slot): (usize, Slot)) -> Option<&Rounding> {
        match self.precision {
            Precision::Int8(roundings) => roundings.get(layer, slot),
            Precision::Float => None,
        }
    }

    /// A norm whose output is even, shifted and divided, for the multiplication at `place`.
    fn even_norm(&self, norm: &Norm, place: (usize, Slot)) -> Norm {
        let mut norm = norm.clone();
        if let Some(rounding) = self.rounding(place) {
            let evening = rounding.centres.iter().zip(&rounding.divisors);
            let channels = norm.gamma.iter_mut().zip(norm.beta.iter_mut());
            for ((gamma, beta), (centre, divisor)) in channels.zip(evening) {
                *gamma /= divisor;
                *beta = (*beta - centre) / divisor;
            }
        }
        norm
    }

    /// The first multiplication of a layer, with values that make the attention's output even: a
    /// weighted mean of even values is even.
    fn with_even_values(&self, linear: &Linear, layer: usize) -> Linear {
        let mut linear = linear.clone();
        if let Some(rounding) = self.rounding((layer, Slot::AttentionOut)) {
            let mut factors = vec![1.0; linear.bias.len()];
            for channel in 0..HIDDEN {
                // Each head's queries, keys and values stand together.
                let column = (channel / HEAD_SIZE * 3 + 2) * HEAD_SIZE + channel % HEAD_SIZE;
                factors[column] = rounding.divisors[channel].recip();
                linear.bias[column] -= rounding.centres[channel];
            }
            for (bias, factor) in linear.bias.iter_mut().zip(&factors) {
                *bias *= factor;
            }
            linear.weight.scale_columns(&factors);
        }
        linear
    }

    /// A multiplication whose output gives back to the residual sum what was taken from the states
    /// at `place`.
    fn with_centres(&self, linear: &Linear, place: (usize, Slot)) -> Linear {
        let mut linear = linear.clone();
        if let Some(rounding) = self.rounding(place) {
            for (bias, centre) in linear.bias.iter_mut().zip(&rounding.centres) {
                *bias += centre;
            }
        }
        linear
    }

    /// Even states at `place`, each channel as wide as it was.
    fn widened(&mut self, states: &str, place: (usize, Slot)) -> String {
        match self.rounding(place).map(|r| r.divisors.clone()) {
            Some(divisors) => self.scaled(states, &divisors),
            None => states.to_owned(),
        }
    }

    /// `norm(change + states)`.
    fn residual(&mut self, change: &str, states: &str, norm: &Norm) -> String {
        let [gamma, beta] = self.norm(norm);
        let inputs = [change, states, &gamma, &beta];
        self.graph
            .node("com.microsoft.SkipLayerNormalization", &inputs, &[EPSILON])
    }

    fn linear(&mut self, linear: &Linear, input: &str, place: (usize, Slot)) -> String {
        let (layer, slot) = place;
        let mut bias = linear.bias.clone();
        let product = match self.precision {
            Precision::Int8(roundings) => match roundings.get(layer, slot) {
                Some(rounding) => {
                    let (weight, correction) = rounded(&linear.weight, rounding);
                    for (bias, correction) in bias.iter_mut().zip(correction) {
                        *bias += correction;
                    }
                    self.product_of_bytes(&weight, input, (slot, rounding))
                }
                None => self.product_of_floats(&linear.weight, input),
            },
            Precision::Float => {
                let tap = tap(layer, slot);
                self.graph.rename(input, &tap);
                let [channels, _] = linear.weight.shape();
                self.graph
                    .output(&tap, ElementType::Float, &states(channels));
                self.product_of_floats(&linear.weight, input)
            }
        };
        let bias = self.graph.floats(&[bias.len()], &bias);
        self.graph.node("Add", &[&product, &bias], &[])
    }

    fn product_of_floats(&mut self, weight: &Matrix, input: &str) -> String {
        let weight = self.floats(weight);
        self.graph.node("MatMul", &[input, &weight], &[])
    }

    /// `input · weight`, both factors in bytes, of an input that is even but for the division that
    /// only the slot `Down` needs.
    fn product_of_bytes(
        &mut self,
        (shape, quantised): &([usize; 2], Quantised),
        input: &str,
        (slot, rounding): (Slot, &Rounding),
    ) -> String {
        let input = match slot {
            // After the activation function nothing else can take the division over.
            Slot::Down => self.scaled(input, &inverse(&rounding.divisors)),
            Slot::AttentionIn | Slot::AttentionOut | Slot::Up => input.to_owned(),
        };
        let scale = self.graph.floats(&[], &[rounding.scale]);
        let zero = self.graph.uint8(rounding.zero);
        let input = self
            .graph
            .node("QuantizeLinear", &[&input, &scale, &zero], &[]);

        let bytes = self.graph.int8s(shape, &quantised.bytes);
        let no_zero = self.graph.int8s(&[], &[0]);
        let inputs = [input.as_str(), &bytes, &zero, &no_zero];
        let sums = self.graph.node("MatMulInteger", &inputs, &[]);
        let sums = self.graph.node("Cast", &[&sums], &[TO_FLOAT]);
        let scales: Vec<f32> = quantised
            .scales
            .iter()
            .map(|s| s * rounding.scale)
            .collect();
        let scales = self.graph.floats(&[scales.len()], &scales);
        self.graph.node("Mul", &[&sums, &scales], &[])
    }

    fn scaled(&mut self, input: &str, factors: &[f32]) -> String {
        if factors.iter().all(|factor| *factor == 1.0) {
            return input.to_owned();
        }
        let factors = self.graph.floats(&[factors.len()], factors);
        self.graph.node("Mul", &[input, &factors], &[])
    }

    fn floats(&mut self, matrix: &Matrix) -> String {
        self.graph.floats(&matrix.shape(), matrix.values())
    }

    fn norm(&mut self, norm: &Norm) -> [String; 2] {
        [&norm.gamma, &norm.beta].map(|values| self.graph.floats(&[values.len()], values))
    }
}

fn inverse(values: &[f32]) -> Vec<f32> {
    values.iter().map(|value| value.recip()).collect()
}

/// The weights, with their shape, for inputs that are shifted and divided as `rounding` says, and
/// what to add to the bias: what the shift takes away, `centres · weight`, and what rounding the
/// weights changes for the mean input.
fn rounded(weight: &Matrix, rounding: &Rounding) -> (([usize; 2], Quantised), Vec<f32>) {
    let mut scaled = weight.clone();
    scaled.scale_rows(&rounding.divisors);
    let quantised = scaled.quantised_by_column();
    let shifted = weight.multiply(&rounding.centres);
    let exact = scaled.multiply(&rounding.means);
    let inexact = scaled.restored(&quantised).multiply(&rounding.means);
    let changes = exact
        .iter()
        .zip(inexact)
        .map(|(exact, inexact)| exact - inexact);
    let correction = shifted.iter().zip(changes).map(|(a, b)| a + b).collect();
    ((weight.shape(), quantised), correction)
}
