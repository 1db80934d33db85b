//! How rerankers write requests and answers: Cohere's `POST /v2/rerank`, Jina's `POST /v1/rerank`
//! (the same family) and `POST /rerank` of Hugging Face's text-embeddings-inference. Pure
//! translation; an answer that does not score every text exactly once is malformed.

use crate::wire::Refusal;
use serde::Deserialize;
use serde_json::json;

/// A reranker's wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RerankWire {
    /// Cohere, and what copies it.
    Cohere,
    /// Jina, and what copies it: vLLM, Infinity and others.
    Jina,
    /// text-embeddings-inference.
    Tei,
}

/// One text's score; the two names are the two families'.
#[derive(Deserialize)]
struct Scored {
    index: usize,
    #[serde(alias = "relevance_score")]
    score: f64,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Scored>,
}

impl RerankWire {
    /// The word in settings, logs and metric labels.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub(super) const fn usual_url(self) -> Option<&'static str> {
        match self {
            Self::Cohere => Some("https://api.cohere.com"),
            Self::Jina => Some("https://api.jina.ai"),
            Self::Tei => None,
        }
    }

    pub(super) const fn usual_path(self) -> &'static str {
        match self {
            Self::Cohere => "/v2/rerank",
            Self::Jina => "/v1/rerank",
            Self::Tei => "/rerank",
        }
    }

    pub(super) const fn usual_model(self) -> Option<&'static str> {
        match self {
            Self::Cohere => Some("rerank-v3.5"),
            Self::Jina => Some("jina-reranker-v2-base-multilingual"),
            Self::Tei => None,
        }
    }

    /// The body of a call that asks for a score for each text.
    pub(super) fn body(
        self,
        model: Option<&str>,
        query: &str,
        texts: &[String],
    ) -> Result<Vec<u8>, serde_json::Error> {
        let body = match self {
            Self::Cohere => json!({
                "model": model, "query": query, "documents": texts, "top_n": texts.len(),
            }),
            Self::Jina => json!({
                "model": model, "query": query, "documents": texts, "top_n": texts.len(),
                "return_documents": false,
            }),
            Self::Tei => json!({
                "query": query, "texts": texts, "raw_scores": false, "truncate": true,
            }),
        };
        serde_json::to_vec(&body)
    }

    /// The score of each of `count` texts, in their order.
    pub(super) fn parse(self, body: &[u8], count: usize) -> Result<Vec<f64>, Refusal> {
        let read = match self {
            Self::Cohere | Self::Jina => {
                serde_json::from_slice::<Results>(body).map(|found| found.results)
            }
            Self::Tei => serde_json::from_slice(body),
        };
        let found = read.map_err(|error| {
            Refusal::malformed(format!("the answer is not a list of scores: {error}"))
        })?;
        let mut scores = vec![None; count];
        for scored in found {
            let index = scored.index;
            let place = scores.get_mut(index).ok_or_else(|| {
                Refusal::malformed(format!("text {index} was scored, and there are {count}"))
            })?;
            if !scored.score.is_finite() || place.is_some() {
                return Err(Refusal::malformed(format!(
                    "text {index} has no score, or two"
                )));
            }
            *place = Some(scored.score);
        }
        let unscored = scores.iter().position(Option::is_none);
        scores
            .into_iter()
            .collect::<Option<Vec<f64>>>()
            .ok_or_else(|| {
                let missing = unscored.unwrap_or_default();
                Refusal::malformed(format!("text {missing} was not scored"))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const COHERE: &str = r#"{"results":[{"index":1,"relevance_score":0.98},
        {"index":0,"relevance_score":0.02}],"id":"9f1","meta":{"api_version":{"version":"2"},
        "billed_units":{"search_units":1}}}"#;
    const JINA: &str = r#"{"model":"jina-reranker-v2-base-multilingual","object":"list",
        "usage":{"total_tokens":815},"results":[{"index":1,"relevance_score":0.87},
        {"index":0,"relevance_score":-0.7}]}"#;
    const TEI: &str = r#"[{"index":1,"score":0.9},{"index":0,"score":1e-5}]"#;

    #[test]
    fn each_family_is_asked_in_its_own_words() {
        let texts = ["a".to_owned(), "b".to_owned()];
        let body = |wire: RerankWire, model| -> Value {
            let body = wire.body(model, "why?", &texts).expect("a body");
            serde_json::from_slice(&body).expect("JSON")
        };
        assert_eq!(
            body(RerankWire::Cohere, Some("rerank-v3.5")),
            json!({"model": "rerank-v3.5", "query": "why?", "documents": ["a", "b"], "top_n": 2})
        );
        assert_eq!(
            body(RerankWire::Jina, Some("j")),
            json!({"model": "j", "query": "why?", "documents": ["a", "b"], "top_n": 2,
                   "return_documents": false})
        );
        assert_eq!(
            body(RerankWire::Tei, None),
            json!({"query": "why?", "texts": ["a", "b"], "raw_scores": false, "truncate": true})
        );
    }

    #[test]
    fn scores_come_back_in_the_order_of_the_texts() {
        for (wire, body, expected) in [
            (RerankWire::Cohere, COHERE, [0.02, 0.98]),
            (RerankWire::Jina, JINA, [-0.7, 0.87]),
            (RerankWire::Tei, TEI, [1e-5, 0.9]),
        ] {
            assert_eq!(
                wire.parse(body.as_bytes(), 2),
                Ok(expected.to_vec()),
                "{wire:?}"
            );
        }
    }

    #[test]
    fn every_text_must_be_scored_once() {
        for body in [
            r#"[{"index":0,"score":0.5}]"#,
            r#"[{"index":0,"score":0.5},{"index":0,"score":0.5}]"#,
            r#"[{"index":0,"score":0.5},{"index":2,"score":0.5}]"#,
            r#"[{"index":0,"score":0.5},{"index":-1,"score":0.5}]"#,
            r#"[{"index":0,"score":0.5},{"index":1,"score":NaN}]"#,
            r#"[{"index":0,"score":0.5},{"index":1,"score":1e999}]"#,
            r#"[{"index":0,"score":0.5},{"index":1,"score":null}]"#,
            r#"{"error":"overloaded"}"#,
            "<html>",
            "",
        ] {
            let refusal = RerankWire::Tei.parse(body.as_bytes(), 2).unwrap_err();
            assert_eq!(refusal.kind, crate::ProviderErrorKind::Malformed, "{body}");
        }
    }
}
