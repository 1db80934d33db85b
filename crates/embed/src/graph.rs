//! The encoder as an ONNX graph, in floats or with the large multiplications in bytes. It takes
//! `input_ids` and `attention_mask`, both `[batch, length]`, and gives `hidden`, the last hidden
//! states `[batch, length, 384]`, without pooling. Two operators of the `com.microsoft`
//! set (fused attention, and a residual sum with its normalisation) keep the graph short.

use super::bert::{Bert, HEAD_SIZE, HEADS, HIDDEN, Layer, Linear, Norm};
use super::matrix::{Matrix, Quantised};
use super::onnx::{Attribute, Dimension, ElementType, Graph};
use super::rounding::{Place, Rounding, Roundings, Slot};

/// The name of the input with the token ids, 64-bit.
pub(super) const INPUT_IDS: &str = "input_ids";
/// The name of the input that is 1 for a token and 0 for padding.
pub(super) const ATTENTION_MASK: &str = "attention_mask";
/// The name of the output.
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
pub(super) fn tap(place: Place) -> String {
    format!("layer.{}.{:?}", place.layer, place.slot)
}

/// The shape of hidden states with this many channels.
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
        last = builder.layer(number, layer, &last, &mask);
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

impl<'a> Builder<'a> {
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
        let norm = self.even_norm(&bert.embedding_norm, Place::new(0, Slot::AttentionIn));
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

    /// Adds a layer. `states` are even for its first multiplication; the result is even for that of
    /// the next layer.
    fn layer(&mut self, number: usize, layer: &Layer, states: &str, mask: &str) -> String {
        let entry = Place::new(number, Slot::AttentionIn);
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
        let attended = self.linear(
            &attention_out,
            &context,
            Place::new(number, Slot::AttentionOut),
        );
        let norm = self.even_norm(&layer.attention_norm, Place::new(number, Slot::Up));
        let states = self.widened(states, entry);
        let states = self.residual(&attended, &states, &norm);

        let middle = Place::new(number, Slot::Up);
        let raised = self.linear(&layer.up, &states, middle);
        let activated = self.graph.node("Gelu", &[&raised], &[]);
        let down = self.with_centres(&layer.down, middle);
        let lowered = self.linear(&down, &activated, Place::new(number, Slot::Down));
        let norm = self.even_norm(
            &layer.output_norm,
            Place::new(number + 1, Slot::AttentionIn),
        );
        let states = self.widened(&states, middle);
        self.residual(&lowered, &states, &norm)
    }

    /// How the input of a multiplication is rounded, if it is.
    fn rounding(&self, place: Place) -> Option<&'a Rounding> {
        match self.precision {
            Precision::Int8(roundings) => roundings.get(place),
            Precision::Float => None,
        }
    }

    /// A norm whose output is even, that is shifted and divided, for the multiplication at `place`.
    fn even_norm(&self, norm: &Norm, place: Place) -> Norm {
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
        if let Some(rounding) = self.rounding(Place::new(layer, Slot::AttentionOut)) {
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

    /// A multiplication whose output adds to the residual sum what was subtracted from the states
    /// at `place`.
    fn with_centres(&self, linear: &Linear, place: Place) -> Linear {
        let mut linear = linear.clone();
        if let Some(rounding) = self.rounding(place) {
            for (bias, centre) in linear.bias.iter_mut().zip(&rounding.centres) {
                *bias += centre;
            }
        }
        linear
    }

    /// The even states at `place` with each channel at its original width.
    fn widened(&mut self, states: &str, place: Place) -> String {
        match self.rounding(place) {
            Some(rounding) => self.scaled(states, &rounding.divisors),
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

    /// `input · weight + bias`, in bytes where the input is rounded.
    fn linear(&mut self, linear: &Linear, input: &str, place: Place) -> String {
        let mut bias = linear.bias.clone();
        let product = if let Some(rounding) = self.rounding(place) {
            let weight = RoundedWeight::new(&linear.weight, rounding);
            for (bias, correction) in bias.iter_mut().zip(&weight.correction) {
                *bias += correction;
            }
            self.product_of_bytes(&weight, input, place.slot, rounding)
        } else {
            if matches!(self.precision, Precision::Float) {
                let [channels, _] = linear.weight.shape();
                self.observable(input, place, channels);
            }
            self.product_of_floats(&linear.weight, input)
        };
        let bias = self.graph.floats(&[bias.len()], &bias);
        self.graph.node("Add", &[&product, &bias], &[])
    }

    /// Makes the input of a multiplication, which has this many channels, an output of the graph.
    fn observable(&mut self, input: &str, place: Place, channels: usize) {
        let tap = tap(place);
        self.graph.rename(input, &tap);
        self.graph
            .output(&tap, ElementType::Float, &states(channels));
    }

    fn product_of_floats(&mut self, weight: &Matrix, input: &str) -> String {
        let weight = self.floats(weight);
        self.graph.node("MatMul", &[input, &weight], &[])
    }

    /// `input · weight`, both factors in bytes. The input is even already, except in the slot
    /// `Down`, which is divided here.
    fn product_of_bytes(
        &mut self,
        weight: &RoundedWeight,
        input: &str,
        slot: Slot,
        rounding: &Rounding,
    ) -> String {
        let input = match slot {
            // After the activation function no other operation can include the division.
            Slot::Down => self.scaled(input, &inverse(&rounding.divisors)),
            Slot::AttentionIn | Slot::AttentionOut | Slot::Up => input.to_owned(),
        };
        let scale = self.graph.floats(&[], &[rounding.scale]);
        let zero = self.graph.uint8(rounding.zero);
        let input = self
            .graph
            .node("QuantizeLinear", &[&input, &scale, &zero], &[]);

        let bytes = self.graph.int8s(&weight.shape, &weight.quantised.bytes);
        let no_zero = self.graph.int8s(&[], &[0]);
        let inputs = [input.as_str(), &bytes, &zero, &no_zero];
        let sums = self.graph.node("MatMulInteger", &inputs, &[]);
        let sums = self.graph.node("Cast", &[&sums], &[TO_FLOAT]);
        let scales: Vec<f32> = weight
            .quantised
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

/// The weight of a multiplication in bytes, for inputs that are shifted and divided.
struct RoundedWeight {
    shape: [usize; 2],
    quantised: Quantised,
    /// What to add to the bias: what the shift takes away, `centres · weight`, and what rounding
    /// the weight changes for the mean input.
    correction: Vec<f32>,
}

impl RoundedWeight {
    fn new(weight: &Matrix, rounding: &Rounding) -> Self {
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
        Self {
            shape: weight.shape(),
            quantised,
            correction: shifted.iter().zip(changes).map(|(a, b)| a + b).collect(),
        }
    }
}
