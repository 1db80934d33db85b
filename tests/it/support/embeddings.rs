//! A scripted embedding endpoint whose vectors anybody can work out again: each word of a text adds
//! to one place of the vector, so that texts with the same words are near each other.

use super::scripted;
use ragd::stub_llm::{Recorded, Reply, ScriptedServer};
use serde_json::{Value, json};

/// The vector of a text, of unit length.
pub fn vector(text: &str, dimension: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimension];
    // Even a text without words has a vector.
    vector[0] = 0.1;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        // FNV-1a, 64 bits.
        let hash = word
            .to_lowercase()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3_u64)
            });
        let place = usize::try_from(hash % dimension as u64).unwrap();
        vector[place] += if hash & 0x8000 == 0 { 1.0 } else { -1.0 };
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

/// The texts of a request, whatever its wire.
pub fn texts(request: &Recorded) -> Vec<String> {
    let texts = request.body["input"].as_array().expect("texts").iter();
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// An endpoint that speaks both wires; its vectors have `dimension` numbers, and are twice as long
/// as a unit vector.
pub async fn endpoint(dimension: usize) -> ScriptedServer {
    let upstream = scripted::start().await;
    upstream.compute(move |request| answer(request, dimension));
    upstream
}

/// The right answer to a request.
pub fn answer(request: &Recorded, dimension: usize) -> Reply {
    let vectors: Vec<Vec<f32>> = texts(request)
        .iter()
        .map(|text| vector(text, dimension).iter().map(|x| x * 2.0).collect())
        .collect();
    if request.path == "/api/embed" {
        return Reply::json(200, &json!({ "model": "hash", "embeddings": vectors }));
    }
    // Not in order: the numbers say which is which.
    let mut data: Vec<Value> = vectors
        .iter()
        .enumerate()
        .map(
            |(index, vector)| json!({ "object": "embedding", "index": index, "embedding": vector }),
        )
        .collect();
    data.reverse();
    Reply::json(
        200,
        &json!({ "object": "list", "data": data, "model": "hash" }),
    )
}
