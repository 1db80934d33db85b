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
        let [gamma, beta] = self.norm(&bert.embedding_norm);
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

    fn layer(&mut self, number: usize, layer: &Layer, [states, mask]: [&str; 2]) -> String {
        let packed = self.linear(&layer.attention_in, states, (number, Slot::AttentionIn));
        let shape = [0, 0, HEADS as i64, 3, HEAD_SIZE as i64];
        let shape = self.graph.int64s(&shape);
        let packed = self.graph.node("Reshape", &[&packed, &shape], &[]);
        let heads = [("num_heads", Attribute::Int(HEADS as i64))];
        let inputs = [packed.as_str(), "", "", "", mask];
        let context = self
            .graph
            .node("com.microsoft.MultiHeadAttention", &inputs, &heads);
        let attended = self.linear(&layer.attention_out, &context, (number, Slot::AttentionOut));
        let states = self.residual(&attended, states, &layer.attention_norm);

        let raised = self.linear(&layer.up, &states, (number, Slot::Up));
        let activated = self.graph.node("Gelu", &[&raised], &[]);
        let lowered = self.linear(&layer.down, &activated, (number, Slot::Down));
        self.residual(&lowered, &states, &layer.output_norm)
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
                    self.product_of_bytes(&weight, input, rounding)
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

    /// `((input - centres) / divisors) · weight`, both factors in bytes.
    fn product_of_bytes(
        &mut self,
        (shape, quantised): &([usize; 2], Quantised),
        input: &str,
        rounding: &Rounding,
    ) -> String {
        let input = self.centred(input, &rounding.centres);
        let input = self.divided(&input, &rounding.divisors);
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

    fn centred(&mut self, input: &str, centres: &[f32]) -> String {
        if centres.iter().all(|centre| *centre == 0.0) {
            return input.to_owned();
        }
        let shift: Vec<f32> = centres.iter().map(|centre| -centre).collect();
        let shift = self.graph.floats(&[shift.len()], &shift);
        self.graph.node("Add", &[input, &shift], &[])
    }

    fn divided(&mut self, input: &str, divisors: &[f32]) -> String {
        if divisors.iter().all(|divisor| *divisor == 1.0) {
            return input.to_owned();
        }
        let inverse: Vec<f32> = divisors.iter().map(|divisor| divisor.recip()).collect();
        let inverse = self.graph.floats(&[inverse.len()], &inverse);
        self.graph.node("Mul", &[input, &inverse], &[])
    }

    fn floats(&mut self, matrix: &Matrix) -> String {
        self.graph.floats(&matrix.shape(), matrix.values())
    }

    fn norm(&mut self, norm: &Norm) -> [String; 2] {
        [&norm.gamma, &norm.beta].map(|values| self.graph.floats(&[values.len()], values))
    }
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
