//! Checks an answer's citations against its sources: by words first, then by vectors where words do
//! not decide. Without an embedding model, or when it fails, words alone decide.

use super::{Chat, Citation, CitationStatus, Source};
use ragd_core::error::{Error, Result};
use ragd_language::citation::{CitedPassage, Evidence, Examined, claims, examine};
use std::collections::HashMap;

/// The most texts that are embedded for one answer; further claims are checked by words.
const MAX_EMBEDDED: usize = 64;

/// A marker with its claim, compared by words.
struct Marked {
    number: usize,
    claim: String,
    examined: Examined,
}

impl Chat {
    /// Every marker of `answer` that names a source, checked against it.
    ///
    /// # Errors
    /// `Internal` when the work is interrupted.
    pub(super) async fn check(&self, answer: &str, sources: &[Source]) -> Result<Vec<Citation>> {
        let (answer, sources) = (answer.to_owned(), sources.to_vec());
        // Comparing blocks: a model's answer and a hostile source can both be long.
        let marked = tokio::task::spawn_blocking(move || compare(&answer, &sources))
            .await
            .map_err(|error| Error::internal("checking was interrupted").with_source(error))?;
        let texts: Vec<Vec<String>> = marked
            .iter()
            .map(|one| one.examined.texts_to_embed())
            .collect();
        let vectors = self.vectors(&texts).await;
        let citations = marked.into_iter().zip(vectors);
        Ok(citations
            .map(|(one, vectors)| citation(one, vectors.as_deref()))
            .collect())
    }

    /// The vectors of each list; `None` without a model, or beyond [`MAX_EMBEDDED`].
    async fn vectors(&self, texts: &[Vec<String>]) -> Vec<Option<Vec<Vec<f32>>>> {
        let mut room = MAX_EMBEDDED;
        let mut wanted: Vec<&Vec<String>> = Vec::new();
        for list in texts {
            if list.len() > room {
                break;
            }
            room -= list.len();
            wanted.push(list);
        }
        let flat: Vec<String> = wanted
            .iter()
            .flat_map(|list| list.iter().cloned())
            .collect();
        let embedded = match self.parts.embedder.get() {
            Some(embedder) if !flat.is_empty() => embedder.embed_at_once(flat).await,
            _ => return vec![None; texts.len()],
        };
        match embedded {
            Ok(vectors) => {
                let mut vectors = vectors.into_iter();
                let mut lists: Vec<Option<Vec<Vec<f32>>>> = wanted
                    .iter()
                    .map(|list| Some(vectors.by_ref().take(list.len()).collect()))
                    .collect();
                lists.resize(texts.len(), None);
                lists
            }
            Err(error) => {
                tracing::error!(error = error.chain(), "the claims were not embedded");
                vec![None; texts.len()]
            }
        }
    }
}

/// Each marker's claim beside its source; a source is read once.
fn compare(answer: &str, sources: &[Source]) -> Vec<Marked> {
    let mut read: HashMap<usize, Evidence> = HashMap::new();
    let mut marked = Vec::new();
    for claim in claims(answer) {
        for number in claim.cites {
            let source = sources.iter().find(|one| one.citation_index == number);
            let Some(source) = source else { continue };
            let evidence = read.entry(number).or_insert_with(|| {
                Evidence::read(&CitedPassage {
                    title: &source.title,
                    heading: &source.heading,
                    text: &source.text,
                })
            });
            marked.push(Marked {
                number,
                claim: claim.text.clone(),
                examined: examine(&claim.text, evidence),
            });
        }
    }
    marked
}

fn citation(marked: Marked, vectors: Option<&[Vec<f32>]>) -> Citation {
    let verdict = marked.examined.verdict(vectors);
    Citation {
        citation_index: marked.number,
        claim: marked.claim,
        status: match verdict.reason {
            None => CitationStatus::Supported,
            Some(_) => CitationStatus::Unsupported,
        },
        score: verdict.score,
        reason: verdict.reason,
    }
}
