//! The encoder as an ONNX graph, in floats or with the large multiplications in bytes. It takes
//! `input_ids` and `attention_mask`, both `[batch, length]`, and gives `hidden`, the last hidden
//! states `[batch, length, 384]`; pooling is not its business. Two operators of the `com.microsoft`
//! set (fused attention, and a residual sum with its normalisation) keep the graph short.

use super::bert::{Bert, HEAD_SIZE, HEADS, HIDDEN, Layer, Linear, Norm};
use super::matrix::Matrix;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// In 32-bit floats: the reference.
    Float,
    /// In bytes.
    Int8,
}

/// Serialises the encoder.
pub(super) fn build(bert: &Bert, precision: Precision) -> Vec<u8> {
    let mut builder = Builder {
        graph: Graph::default(),
        precision,
    };
    let text = [Dimension::Named("batch"), Dimension::Named("length")];
    let ids = builder.graph.input(INPUT_IDS, ElementType::Int64, &text);
    let mask = builder
        .graph
        .input(ATTENTION_MASK, ElementType::Int32, &text);
    let mut states = builder.embeddings(bert, &ids);
    for layer in &bert.layers {
        states = builder.layer(layer, &states, &mask);
    }
    let mut graph = builder.graph;
    graph.rename(&states, HIDDEN_STATES);
    let [batch, length] = text;
    let shape = [batch, length, Dimension::Fixed(HIDDEN)];
    graph.output(HIDDEN_STATES, ElementType::Float, &shape);
    graph.finish("all-MiniLM-L6-v2")
}

struct Builder {
    graph: Graph,
    precision: Precision,
}

impl Builder {
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
        if self.precision == Precision::Float {
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

    fn layer(&mut self, layer: &Layer, states: &str, mask: &str) -> String {
        let packed = self.linear(&layer.attention_in, states);
        let shape = [0, 0, HEADS as i64, 3, HEAD_SIZE as i64];
        let shape = self.graph.int64s(&shape);
        let packed = self.graph.node("Reshape", &[&packed, &shape], &[]);
        let heads = [("num_heads", Attribute::Int(HEADS as i64))];
        let inputs = [packed.as_str(), "", "", "", mask];
        let context = self
            .graph
            .node("com.microsoft.MultiHeadAttention", &inputs, &heads);
        let attended = self.linear(&layer.attention_out, &context);
        let states = self.residual(&attended, states, &layer.attention_norm);

        let raised = self.linear(&layer.up, &states);
        let activated = self.graph.node("Gelu", &[&raised], &[]);
        let lowered = self.linear(&layer.down, &activated);
        self.residual(&lowered, &states, &layer.output_norm)
    }

    /// `norm(change + states)`.
    fn residual(&mut self, change: &str, states: &str, norm: &Norm) -> String {
        let [gamma, beta] = self.norm(norm);
        let inputs = [change, states, &gamma, &beta];
        self.graph
            .node("com.microsoft.SkipLayerNormalization", &inputs, &[EPSILON])
    }

    fn linear(&mut self, linear: &Linear, input: &str) -> String {
        let product = match self.precision {
            Precision::Float => {
                let weight = self.floats(&linear.weight);
                self.graph.node("MatMul", &[input, &weight], &[])
            }
            Precision::Int8 => self.product_of_bytes(&linear.weight, input),
        };
        let bias = self.graph.floats(&[linear.bias.len()], &linear.bias);
        self.graph.node("Add", &[&product, &bias], &[])
    }

    fn product_of_bytes(&mut self, weight: &Matrix, input: &str) -> String {
        let quantised = weight.quantised_by_column();
        let bytes = self.graph.int8s(&weight.shape(), &quantised.bytes);
        let none = self.graph.int8s(&[], &[0]);
        let columns = self
            .graph
            .floats(&[quantised.scales.len()], &quantised.scales);
        let [input, scale, zero] = self.graph.nodes3("DynamicQuantizeLinear", &[input]);
        let scale = self.graph.node("Mul", &[&columns, &scale], &[]);
        let inputs = [input.as_str(), &bytes, &zero, &none];
        let sums = self.graph.node("MatMulInteger", &inputs, &[]);
        let sums = self.graph.node("Cast", &[&sums], &[TO_FLOAT]);
        self.graph.node("Mul", &[&sums, &scale], &[])
    }

    fn floats(&mut self, matrix: &Matrix) -> String {
        self.graph.floats(&matrix.shape(), matrix.values())
    }

    fn norm(&mut self, norm: &Norm) -> [String; 2] {
        [&norm.gamma, &norm.beta].map(|values| self.graph.floats(&[values.len()], values))
    }
}
