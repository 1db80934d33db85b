//! Real texts with real vectors, mixed into the made-up ones: judged collections in BEIR form,
//! embedded by the local model once and kept beside the index.

use super::corpus::{DIMENSION, Question};
use ragd::embed::Embedder;
use serde_json::Value;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

const BATCH: usize = 256;

/// Passages and questions of people.
#[derive(Default)]
pub struct Real {
    pub texts: Vec<String>,
    pub vectors: Vec<Vec<f32>>,
    pub questions: Vec<Question>,
}

impl Real {
    /// The collections in `folders`, with the vectors kept in `index_folder`, made when absent.
    pub async fn open(folders: &[PathBuf], index_folder: &Path) -> Self {
        if folders.is_empty() {
            return Self::default();
        }
        let texts = lines(folders, "corpus.jsonl", |line| {
            format!("{}\n{}", field(line, "title"), field(line, "text"))
        });
        let asked = lines(folders, "queries.jsonl", |line| {
            field(line, "text").to_owned()
        });
        let kept = index_folder.join("real-vectors");
        let vectors = match std::fs::read(&kept) {
            Ok(bytes) => from_bytes(&bytes),
            Err(_) => {
                let all = texts.iter().chain(&asked).cloned().collect();
                let made = embed(all).await;
                let bytes: Vec<u8> = made
                    .iter()
                    .flatten()
                    .flat_map(|x| x.to_le_bytes())
                    .collect();
                std::fs::write(&kept, bytes).expect("the vectors are kept");
                made
            }
        };
        assert_eq!(
            vectors.len(),
            texts.len() + asked.len(),
            "other vectors are kept here"
        );
        let mut vectors = vectors.into_iter();
        let own: Vec<Vec<f32>> = vectors.by_ref().take(texts.len()).collect();
        let questions = asked.into_iter().zip(vectors);
        Self {
            texts,
            vectors: own,
            questions: questions
                .map(|(text, vector)| Question { text, vector })
                .collect(),
        }
    }
}

fn from_bytes(bytes: &[u8]) -> Vec<Vec<f32>> {
    let (numbers, _) = bytes.as_chunks::<4>();
    let numbers: Vec<f32> = numbers.iter().map(|one| f32::from_le_bytes(*one)).collect();
    numbers.chunks(DIMENSION).map(<[f32]>::to_vec).collect()
}

fn lines(folders: &[PathBuf], name: &str, read: impl Fn(&Value) -> String) -> Vec<String> {
    let mut found = Vec::new();
    for folder in folders {
        let text = std::fs::read_to_string(folder.join(name)).expect("a collection in BEIR form");
        let values = text.lines().map(serde_json::from_str::<Value>);
        found.extend(values.map(|line| read(&line.expect("a line of JSON"))));
    }
    found
}

fn field<'a>(line: &'a Value, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap_or_default()
}

async fn embed(texts: Vec<String>) -> Vec<Vec<f32>> {
    let models = std::env::var_os("MODELS_PATH").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/ragd/models"),
        PathBuf::from,
    );
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let embedder = Embedder::load(&models, threads).expect("the model is installed");
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        vectors.extend(embedder.embed(batch.to_vec()).await.expect("embeds"));
    }
    vectors
}
