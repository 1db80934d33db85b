//! A judged collection in BEIR form (Thakur et al., 2021): `corpus.jsonl`, `queries.jsonl` and
//! `qrels.tsv` with its header line.

use ragd_core::error::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::path::Path;

/// A judged collection.
pub(super) struct Collection {
    pub(super) documents: Vec<Document>,
    /// The queries with at least one relevant document.
    pub(super) queries: Vec<Query>,
}

/// A document.
#[derive(Deserialize)]
pub(super) struct Document {
    #[serde(rename = "_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) text: String,
}

/// A query with its judgements: the grade of each judged document.
#[derive(Deserialize)]
pub(super) struct Query {
    #[serde(rename = "_id")]
    id: String,
    pub(super) text: String,
    #[serde(skip)]
    pub(super) judgements: HashMap<String, f64>,
}

impl Document {
    /// Title and text as one passage.
    pub(super) fn passage(&self) -> String {
        format!("{}\n{}", self.title.trim(), self.text.trim())
            .trim()
            .to_owned()
    }
}

impl Collection {
    /// Reads the three files of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let documents: Vec<Document> = lines(&folder.join("corpus.jsonl"))?;
        let mut queries: Vec<Query> = lines(&folder.join("queries.jsonl"))?;
        let mut judgements = judgements(&folder.join("qrels.tsv"))?;
        for query in &mut queries {
            query.judgements = judgements.remove(&query.id).unwrap_or_default();
        }
        queries.retain(|query| query.judgements.values().any(|grade| *grade > 0.0));
        Ok(Self { documents, queries })
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::invalid(format!("--data: cannot read '{}'", path.display())).with_source(error)
    })
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            Error::invalid(format!("'{}' line {}: {error}", path.display(), number + 1))
        })
    };
    read(path)?
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(parse)
        .collect()
}

fn judgements(path: &Path) -> Result<HashMap<String, HashMap<String, f64>>> {
    let mut judgements: HashMap<String, HashMap<String, f64>> = HashMap::new();
    for (number, line) in read(path)?.lines().enumerate().skip(1) {
        let mut fields = line.split('\t');
        let (Some(query), Some(document), Some(grade)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let grade: f64 = grade.trim().parse().map_err(|_| {
            Error::invalid(format!(
                "'{}' line {}: the grade is no number",
                path.display(),
                number + 1
            ))
        })?;
        judgements
            .entry(query.to_owned())
            .or_default()
            .insert(document.to_owned(), grade);
    }
    Ok(judgements)
}
