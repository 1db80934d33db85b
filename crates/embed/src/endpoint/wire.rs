//! The two embedding APIs, as pure translation: OpenAI's `POST /embeddings` (API reference, "Create
//! embeddings"), which many servers have, and Ollama's `POST /api/embed` (its `docs/api.md`,
//! "Generate Embeddings"). Every answer is checked before it is used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The API of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointWire {
    /// OpenAI's, which many servers have.
    OpenAi,
    /// Ollama's own.
    Ollama,
}

/// A request of either API; fields that an API does not have are left out.
#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct OpenAiReply {
    data: Vec<OpenAiVector>,
}

#[derive(Deserialize)]
struct OpenAiVector {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct OllamaReply {
    embeddings: Vec<Vec<f32>>,
}

impl EndpointWire {
    /// The path of the request, relative to the base URL of the API.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "embeddings",
            Self::Ollama => "api/embed",
        }
    }

    /// The body of a request for the vectors of `texts`. `dimensions` is sent only if it is set,
    /// because most models have one length and some servers refuse the field.
    pub(super) fn body(
        self,
        model: &str,
        texts: &[&str],
        dimensions: Option<usize>,
    ) -> serde_json::Result<Vec<u8>> {
        let (encoding_format, truncate) = match self {
            Self::OpenAi => (Some("float"), None),
            Self::Ollama => (None, Some(true)),
        };
        serde_json::to_vec(&Request {
            model,
            input: texts,
            encoding_format,
            truncate,
            dimensions,
        })
    }

    /// The vectors of an answer to `count` texts, in the order of the texts, each of unit length.
    ///
    /// # Errors
    /// What is wrong with the answer, as a clause for an error message.
    pub(super) fn vectors(self, body: &[u8], count: usize) -> Result<Vec<Vec<f32>>, String> {
        let unreadable = |error: serde_json::Error| format!("its answer is malformed: {error}");
        let vectors = match self {
            Self::OpenAi => {
                let reply: OpenAiReply = serde_json::from_slice(body).map_err(unreadable)?;
                in_order(reply.data)?
            }
            Self::Ollama => {
                let reply: OllamaReply = serde_json::from_slice(body).map_err(unreadable)?;
                reply.embeddings
            }
        };
        if vectors.len() != count {
            return Err(format!(
                "it answered {count} texts with {} vectors",
                vectors.len()
            ));
        }
        vectors.into_iter().map(unit).collect()
    }
}

/// The message in the body of an error: OpenAI's `error.message`, Ollama's `error`, others'
/// `message`.
pub(super) fn error_message(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let places = [
        body.pointer("/error/message"),
        body.pointer("/error"),
        body.pointer("/message"),
    ];
    let message = places.into_iter().flatten().find_map(Value::as_str)?;
    Some(message.to_owned())
}

/// The vectors sorted by their index; servers that send no index answer in order.
fn in_order(mut data: Vec<OpenAiVector>) -> Result<Vec<Vec<f32>>, String> {
    if data.iter().any(|one| one.index.is_some()) {
        data.sort_by_key(|one| one.index);
        let numbered = data
            .iter()
            .enumerate()
            .all(|(place, one)| one.index == Some(place));
        if !numbered {
            return Err(
                "the vectors of its answer are not numbered from 0 without a gap".to_owned(),
            );
        }
    }
    Ok(data.into_iter().map(|one| one.embedding).collect())
}

/// The vector scaled to length 1, the form in which vectors are stored and compared.
fn unit(mut vector: Vec<f32>) -> Result<Vec<f32>, String> {
    let square: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let length = square.sqrt();
    if !length.is_finite() || length < f64::from(f32::MIN_POSITIVE) {
        return Err(
            "a vector of its answer is zero, or has a number that is not finite".to_owned(),
        );
    }
    for number in &mut vector {
        *number = (f64::from(*number) / length) as f32;
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::EndpointWire::{Ollama, OpenAi};
    use super::*;
    use serde_json::json;

    fn sent(wire: EndpointWire, dimensions: Option<usize>) -> Value {
        let body = wire.body("m", &["a", "b"], dimensions).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn each_api_has_its_fields() {
        assert_eq!(
            sent(OpenAi, None),
            json!({"model": "m", "input": ["a", "b"], "encoding_format": "float"})
        );
        assert_eq!(sent(OpenAi, Some(256))["dimensions"], 256);
        assert_eq!(
            sent(Ollama, None),
            json!({"model": "m", "input": ["a", "b"], "truncate": true})
        );
    }

    #[test]
    fn vectors_come_in_order_and_of_unit_length() {
        let body = json!({"data": [
            {"index": 1, "embedding": [0.0, 2.0]},
            {"index": 0, "embedding": [3.0, 4.0]},
        ]});
        let vectors = OpenAi.vectors(body.to_string().as_bytes(), 2).unwrap();
        assert_eq!(vectors, [[0.6, 0.8], [0.0, 1.0]]);
        let bare = json!({"data": [{"embedding": [5.0, 0.0]}, {"embedding": [0.0, 5.0]}]});
        let vectors = OpenAi.vectors(bare.to_string().as_bytes(), 2).unwrap();
        assert_eq!(vectors, [[1.0, 0.0], [0.0, 1.0]]);
        let body = json!({"model": "m", "embeddings": [[3.0, 4.0]]});
        let vectors = Ollama.vectors(body.to_string().as_bytes(), 1).unwrap();
        assert_eq!(vectors, [[0.6, 0.8]]);
    }

    #[test]
    fn a_malformed_answer_is_refused() {
        let refused =
            |wire: EndpointWire, body: &str| wire.vectors(body.as_bytes(), 1).unwrap_err();
        for body in [
            "",
            "[]",
            "{}",
            r#"{"data": []}"#,
            r#"{"data": [{"index": 0, "embedding": "AACAPw=="}]}"#,
            r#"{"data": [{"index": 0, "embedding": [0.0, 0.0]}]}"#,
            r#"{"data": [{"index": 0, "embedding": []}]}"#,
            r#"{"data": [{"index": 0, "embedding": [null]}]}"#,
            r#"{"data": [{"index": 0, "embedding": [1e300]}]}"#,
            r#"{"data": [{"index": 3, "embedding": [1.0]}]}"#,
            r#"{"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}"#,
        ] {
            assert!(!refused(OpenAi, body).is_empty(), "{body}");
        }
        assert!(!refused(Ollama, r#"{"embeddings": [[1.0], [1.0]]}"#).is_empty());
        assert!(!refused(Ollama, r#"{"data": []}"#).is_empty());
    }

    #[test]
    fn the_message_of_an_error_is_found_in_every_shape() {
        let words = |body: &str| error_message(body.as_bytes());
        assert_eq!(
            words(r#"{"error": {"message": "no"}}"#).as_deref(),
            Some("no")
        );
        assert_eq!(words(r#"{"error": "no"}"#).as_deref(), Some("no"));
        assert_eq!(words(r#"{"message": "no"}"#).as_deref(), Some("no"));
        assert_eq!(words("<html>"), None);
    }
}
