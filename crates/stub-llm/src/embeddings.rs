//! Embeddings in OpenAI's format: unit vectors that depend on the input alone, so that equal inputs
//! are equally near in every run. They carry no meaning.

use super::settings::MOST_DIMENSIONS;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct EmbeddingsRequest {
    #[serde(default)]
    model: String,
    input: Value,
    #[serde(default)]
    encoding_format: Format,
    dimensions: Option<usize>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Float,
    Base64,
}

/// The answer to a request for embeddings of `dimension` dimensions.
///
/// # Errors
/// What to tell the caller when the request is malformed.
pub(super) fn answer(request: &[u8], dimension: usize) -> Result<Bytes, String> {
    let request_body: EmbeddingsRequest = serde_json::from_slice(request)
        .map_err(|error| format!("the request cannot be read: {error}"))?;
    let dimension = request_body.dimensions.unwrap_or(dimension);
    if !(1..=MOST_DIMENSIONS).contains(&dimension) {
        return Err(format!(
            "dimensions: must be between 1 and {MOST_DIMENSIONS}, not {dimension}"
        ));
    }
    let data: Vec<Value> = inputs(&request_body.input)?
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let embedding = encoded(&vector(input, dimension), request_body.encoding_format);
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    Ok(list(&request_body.model, &data, request.len() / 4))
}

/// An answer that has no embedding in it.
pub(super) fn empty_answer() -> Bytes {
    list("", &[], 0)
}

fn list(model: &str, data: &[Value], tokens: usize) -> Bytes {
    let list = json!({
        "object": "list", "data": data, "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    });
    list.to_string().into()
}

/// Each input as the bytes that decide its vector: a string, a list of strings, a list of token ids
/// or a list of such lists.
fn inputs(input: &Value) -> Result<Vec<Vec<u8>>, String> {
    let bytes = |value: &Value| match value {
        Value::String(text) => text.as_bytes().to_vec(),
        other => other.to_string().into_bytes(),
    };
    match input {
        Value::String(_) => Ok(vec![bytes(input)]),
        Value::Array(list) if list.first().is_some_and(Value::is_number) => Ok(vec![bytes(input)]),
        Value::Array(list) if !list.is_empty() => Ok(list.iter().map(bytes).collect()),
        _ => Err("input: must be a string, or a list that is not empty".to_owned()),
    }
}

/// A vector of length 1 that depends on the input alone.
fn vector(input: &[u8], dimension: usize) -> Vec<f32> {
    let mut state = seed(input);
    let mut vector: Vec<f32> = (0..dimension).map(|_| next(&mut state)).collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    // A sum of squares of such numbers is never 0 in practice; nothing is divided by 0 either way.
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}

/// FNV-1a, 64 bits.
fn seed(input: &[u8]) -> u64 {
    input.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The next of a sequence of numbers between -1 and 1 (splitmix64).
fn next(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    #[expect(
        clippy::cast_precision_loss,
        reason = "24 bits fit into a float exactly"
    )]
    let unit = (mixed >> 40) as f32 / (1_u32 << 24) as f32;
    unit.mul_add(2.0, -1.0)
}

fn encoded(vector: &[f32], format: Format) -> Value {
    match format {
        Format::Float => json!(vector),
        Format::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(request: &Value) -> Value {
        let answer = answer(request.to_string().as_bytes(), 8).unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    fn floats(embedding: &Value) -> Vec<f32> {
        serde_json::from_value(embedding.clone()).unwrap()
    }

    #[test]
    fn equal_inputs_have_equal_unit_vectors_and_others_have_others() {
        let answer = asked(&json!({"model": "e", "input": ["a", "b", "a"]}));
        let vectors: Vec<Vec<f32>> = (0..3)
            .map(|at| floats(&answer["data"][at]["embedding"]))
            .collect();
        assert_eq!(vectors[0], vectors[2]);
        assert_ne!(vectors[0], vectors[1]);
        for vector in &vectors {
            assert_eq!(vector.len(), 8);
            let length: f32 = vector.iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-5);
        }
        assert_eq!(answer["data"][2]["index"], 2);
    }

    #[test]
    fn base64_holds_the_same_numbers() {
        let as_floats = asked(&json!({"input": "a", "dimensions": 3}));
        let as_text = asked(&json!({"input": "a", "dimensions": 3, "encoding_format": "base64"}));
        let text = as_text["data"][0]["embedding"].as_str().unwrap();
        let bytes = STANDARD.decode(text).unwrap();
        let decoded: Vec<f32> = bytes
            .chunks(4)
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
            .collect();
        assert_eq!(decoded, floats(&as_floats["data"][0]["embedding"]));
    }

    #[test]
    fn token_ids_are_one_input_or_several() {
        assert_eq!(
            asked(&json!({"input": [1, 2]}))["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let several = asked(&json!({"input": [[1, 2], [3]]}));
        assert_eq!(several["data"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_malformed_request_is_refused() {
        for request in [
            json!({"input": []}),
            json!({"input": 3}),
            json!({"input": "a", "dimensions": 0}),
            json!({"input": "a", "encoding_format": "hex"}),
            json!({}),
        ] {
            assert!(
                answer(request.to_string().as_bytes(), 8).is_err(),
                "{request}"
            );
        }
    }
}
