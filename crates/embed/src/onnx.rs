//! Writes an ONNX model: the few protobuf messages that a graph of our own needs, encoded by hand.
//! Field numbers are those of `onnx.proto3` in the ONNX specification (IR version 10); the wire
//! format is that of the Protocol Buffers encoding guide. It knows nothing of any model and reads
//! nothing.

/// IR version 10 goes with operator set 21.
const IR_VERSION: u64 = 10;
const OPSET: u64 = 21;

/// `TensorProto.DataType` values used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementType {
    Float = 1,
    Uint8 = 2,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
}

/// One dimension of an input or output.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dimension {
    Fixed(usize),
    Named(&'static str),
}

/// An attribute of a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute {
    Int(i64),
    Float(f32),
}

/// A graph under construction. Values are referred to by name; `fresh` names are unique.
#[derive(Debug, Default)]
pub(super) struct Graph {
    body: Message,
    names: usize,
}

impl Graph {
    /// A name that no other value of the graph has.
    fn fresh(&mut self, stem: &str) -> String {
        self.names += 1;
        format!("{stem}.{}", self.names)
    }

    /// Declares an input of the graph.
    pub(super) fn input(&mut self, name: &str, kind: ElementType, shape: &[Dimension]) -> String {
        self.body.message(11, &value_info(name, kind, shape));
        name.to_owned()
    }

    /// Declares that the value `name` is an output of the graph.
    pub(super) fn output(&mut self, name: &str, kind: ElementType, shape: &[Dimension]) {
        self.body.message(12, &value_info(name, kind, shape));
    }

    /// Adds a constant tensor whose elements are little-endian `bytes` in row-major order.
    fn constant(&mut self, kind: ElementType, shape: &[usize], bytes: &[u8]) -> String {
        let name = self.fresh("constant");
        let mut tensor = Message::default();
        for &dimension in shape {
            tensor.uint(1, dimension as u64);
        }
        tensor.uint(2, kind as u64);
        tensor.bytes(8, name.as_bytes());
        tensor.bytes(9, bytes);
        self.body.message(5, &tensor);
        name
    }

    /// Adds a constant of 32-bit floats; an empty shape makes a scalar.
    pub(super) fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(ElementType::Float, shape, &bytes)
    }

    /// Adds a constant of signed bytes; an empty shape makes a scalar.
    pub(super) fn int8s(&mut self, shape: &[usize], values: &[i8]) -> String {
        let bytes: Vec<u8> = values.iter().map(|v| v.cast_unsigned()).collect();
        self.constant(ElementType::Int8, shape, &bytes)
    }

    /// Adds a scalar unsigned byte.
    pub(super) fn uint8(&mut self, value: u8) -> String {
        self.constant(ElementType::Uint8, &[], &[value])
    }

    /// Adds a vector of 64-bit integers, the type of shapes and axes.
    pub(super) fn int64s(&mut self, values: &[i64]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.constant(ElementType::Int64, &[values.len()], &bytes)
    }

    /// Adds a node with one output and returns that output's name. An empty input name leaves an
    /// optional input out. An operator `com.microsoft.X` belongs to that domain.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) -> String {
        let output = self.fresh(operator);
        self.add(operator, inputs, &[&output], attributes);
        output
    }

    /// Gives the value `from` the name `to`.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        self.add("Identity", &[from], &[to], &[]);
    }

    fn add(
        &mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) {
        let (domain, kind) = operator.rsplit_once('.').unwrap_or(("", operator));
        let mut node = Message::default();
        for (field, names) in [(1, inputs), (2, outputs)] {
            for name in names {
                node.bytes(field, name.as_bytes());
            }
        }
        node.bytes(4, kind.as_bytes());
        for (name, value) in attributes {
            node.message(5, &attribute(name, *value));
        }
        node.bytes(7, domain.as_bytes());
        self.body.message(1, &node);
    }

    /// The whole model, serialised.
    pub(super) fn finish(mut self, name: &str) -> Vec<u8> {
        self.body.bytes(2, name.as_bytes());
        let mut model = Message::default();
        model.uint(1, IR_VERSION);
        model.bytes(2, b"ragd");
        model.message(7, &self.body);
        for (domain, version) in [("", OPSET), ("com.microsoft", 1)] {
            let mut import = Message::default();
            import.bytes(1, domain.as_bytes());
            import.uint(2, version);
            model.message(8, &import);
        }
        model.0
    }
}

fn attribute(name: &str, value: Attribute) -> Message {
    let mut message = Message::default();
    message.bytes(1, name.as_bytes());
    match value {
        Attribute::Float(value) => {
            message.float(2, value);
            message.uint(20, 1);
        }
        Attribute::Int(value) => {
            message.uint(3, value.cast_unsigned());
            message.uint(20, 2);
        }
    }
    message
}

fn value_info(name: &str, kind: ElementType, shape: &[Dimension]) -> Message {
    let mut dimensions = Message::default();
    for dimension in shape {
        let mut message = Message::default();
        match dimension {
            Dimension::Fixed(size) => message.uint(1, *size as u64),
            Dimension::Named(name) => message.bytes(2, name.as_bytes()),
        }
        dimensions.message(1, &message);
    }
    let mut tensor = Message::default();
    tensor.uint(1, kind as u64);
    tensor.message(2, &dimensions);
    let mut value_type = Message::default();
    value_type.message(1, &tensor);
    let mut info = Message::default();
    info.bytes(1, name.as_bytes());
    info.message(2, &value_type);
    info
}

/// A protobuf message as its encoded fields.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Wire type 0.
    fn uint(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    /// Wire type 2.
    fn bytes(&mut self, field: u64, value: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    fn message(&mut self, field: u64, value: &Message) {
        self.bytes(field, &value.0);
    }

    /// Wire type 5.
    fn float(&mut self, field: u64, value: f32) {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_tensor::NdTensor;
    use rten_tensor::prelude::*;

    /// Every kind of constant and attribute, a negative integer, and a length over 127 bytes.
    #[test]
    fn a_written_graph_loads_and_computes() {
        let mut graph = Graph::default();
        let size = Dimension::Named("size");
        let input = graph.input("input", ElementType::Float, &[size]);
        let halves = graph.floats(&[100], &[0.5; 100]);
        let scaled = graph.node("Mul", &[&input, &halves], &[]);
        let (scale, zero) = (graph.floats(&[], &[0.25]), graph.uint8(128));
        let bytes = graph.node("QuantizeLinear", &[&scaled, &scale, &zero], &[]);
        let floats = graph.node("DequantizeLinear", &[&bytes, &scale, &zero], &[]);
        let offset = graph.int8s(&[1], &[-3]);
        let to = ("to", Attribute::Int(ElementType::Float as i64));
        let offset = graph.node("Cast", &[&offset], &[to]);
        let sum = graph.node("Add", &[&floats, &offset], &[]);
        let leaky = graph.node("LeakyRelu", &[&sum], &[("alpha", Attribute::Float(0.125))]);
        let shape = graph.int64s(&[4, -1]);
        let table = graph.node("Reshape", &[&leaky, &shape], &[]);
        let last = graph.node("Softmax", &[&table], &[("axis", Attribute::Int(-1))]);
        let sums = graph.node("Sub", &[&table, &last], &[]);
        let back = graph.node("Add", &[&sums, &last], &[]);
        graph.rename(&back, "output");
        let shape = [Dimension::Fixed(4), Dimension::Fixed(25)];
        graph.output("output", ElementType::Float, &shape);

        let model = rten::Model::load(graph.finish("test")).unwrap();
        let values = NdTensor::from_fn([100], |[i]| i as f32);
        let output = model.run_one(values.into(), None).unwrap();
        let output: NdTensor<f32, 2> = output.try_into().unwrap();
        assert_eq!(output.shape(), [4, 25]);
        // 0.5 × 2 = 1, less 3 is -2, an eighth of which is -0.25; and 0.5 × 50 - 3.
        assert!((output[[0, 2]] - -0.25).abs() < 1e-5);
        assert!((output[[2, 0]] - 22.0).abs() < 1e-5);
    }
}
