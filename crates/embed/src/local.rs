//! Embeds texts with the local model: documents in small batches, a bounded number at a time, in
//! the order of the requests; questions in a lane of their own, so that none waits behind a batch.
//! It keeps the order of its inputs, and knows nothing of where texts come from.

use super::bert::HIDDEN;
use super::encoder::{Encoder, Pool};
use super::files;
use super::tokens::Tokens;
use futures_util::{StreamExt, TryStreamExt, stream};
use ragd_core::error::{Error, Result};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The most tokens of a batch, padding included; a single text may have more. Larger batches are no
/// faster, and their states do not fit the processor's cache.
const BATCH_TOKENS: usize = 512;

/// How many texts are tokenised in one blocking task.
const TOKENISED_AT_ONCE: usize = 256;

/// The local embedding model; cheap to clone.
#[derive(Clone)]
pub struct Local(Arc<Shared>);

struct Shared {
    model_id: String,
    tokens: Tokens,
    encoder: Encoder,
    documents: Lane,
    questions: Lane,
}

/// A bounded number of runs at a time, on threads of their own, in the order of the requests.
struct Lane {
    width: usize,
    permits: Arc<Semaphore>,
    pool: Pool,
}

impl Lane {
    fn new(width: NonZeroUsize) -> Self {
        let width = width.get();
        Self {
            width,
            permits: Arc::new(Semaphore::new(width)),
            pool: Encoder::pool(width),
        }
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Local({})", self.0.model_id)
    }
}

impl Local {
    /// Loads the model installed under the folder `models`, to compute on `threads` threads. Blocks
    /// for about a tenth of a second.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`](ragd_core::error::ErrorKind::Unavailable) if the model is missing
    /// or damaged; the message says what to run.
    pub(super) fn load(models: &Path, threads: NonZeroUsize) -> Result<Self> {
        let files = files::require(models)?;
        Ok(Self(Arc::new(Shared {
            model_id: files.manifest.model_id,
            tokens: Tokens::load(&files.tokenizer)?,
            encoder: Encoder::load(files.graph)?,
            documents: Lane::new(threads),
            questions: Lane::new(threads),
        })))
    }

    /// The model's name, precision and revision: vectors of different ids cannot be compared.
    pub fn model_id(&self) -> &str {
        &self.0.model_id
    }

    /// The length of a vector.
    pub(super) fn dimension(&self) -> usize {
        HIDDEN
    }

    /// The unit vectors of `texts`, in order. Dropping the future stops it within a batch.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](ragd_core::error::ErrorKind::Internal) if the model fails, which
    /// does not depend on the texts.
    pub(super) async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let count = texts.len();
        let ids = Arc::new(self.tokenise(texts).await?);
        let batches = batches(&ids);
        let embedded: Vec<(Vec<usize>, Vec<Vec<f32>>)> = stream::iter(batches)
            .map(|batch| self.embed_batch(Arc::clone(&ids), batch))
            .buffer_unordered(self.0.documents.width)
            .try_collect()
            .await?;
        let mut vectors = vec![Vec::new(); count];
        for (place, vector) in embedded
            .into_iter()
            .flat_map(|(places, v)| places.into_iter().zip(v))
        {
            if let Some(slot) = vectors.get_mut(place) {
                *slot = vector;
            }
        }
        Ok(vectors)
    }

    /// The unit vector of a question. It does not wait for documents that are being embedded.
    ///
    /// # Errors
    /// As [`Self::embed`].
    pub(super) async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        let text = text.to_owned();
        let vectors = self
            .run(
                |shared| &shared.questions,
                move |shared| {
                    let ids = shared.tokens.encode(&text)?;
                    shared.encoder.encode(&[&ids], &shared.questions.pool)
                },
            )
            .await?;
        vectors
            .into_iter()
            .next()
            .ok_or_else(|| Error::internal("the model gave no vector"))
    }

    async fn tokenise(&self, texts: Vec<String>) -> Result<Vec<Vec<i32>>> {
        let mut ids = Vec::with_capacity(texts.len());
        let mut texts = texts.into_iter();
        loop {
            let some: Vec<String> = texts.by_ref().take(TOKENISED_AT_ONCE).collect();
            if some.is_empty() {
                return Ok(ids);
            }
            let encode = move |shared: &Shared| {
                some.iter()
                    .map(|text| shared.tokens.encode(text))
                    .collect::<Result<Vec<_>>>()
            };
            ids.extend(self.run(|shared| &shared.documents, encode).await?);
        }
    }

    async fn embed_batch(
        &self,
        ids: Arc<Vec<Vec<i32>>>,
        batch: Vec<usize>,
    ) -> Result<(Vec<usize>, Vec<Vec<f32>>)> {
        self.run(
            |shared| &shared.documents,
            move |shared| {
                let texts: Vec<&[i32]> = batch
                    .iter()
                    .filter_map(|&place| ids.get(place).map(Vec::as_slice))
                    .collect();
                let vectors = shared.encoder.encode(&texts, &shared.documents.pool)?;
                Ok((batch, vectors))
            },
        )
        .await
    }

    /// Runs `work` on a blocking thread as soon as the lane has a permit.
    async fn run<T: Send + 'static>(
        &self,
        lane: impl Fn(&Shared) -> &Lane + Send + 'static,
        work: impl FnOnce(&Shared) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.0);
        let closed = |cause| Error::internal("the embedder is closed").with_source(cause);
        // The permit belongs to the work, not to the caller: when a caller is cancelled, its work
        // goes on and no other run may start beside it.
        let permit = Arc::clone(&lane(&shared).permits)
            .acquire_owned()
            .await
            .map_err(closed)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&shared)
        })
        .await
        .map_err(|cause| Error::internal("embedding panicked").with_source(cause))?
    }
}

/// The indexes of the texts, sorted by length and divided into batches of [`BATCH_TOKENS`], so that
/// there is little padding.
fn batches(ids: &[Vec<i32>]) -> Vec<Vec<usize>> {
    let length = |place: usize| ids.get(place).map_or(0, Vec::len);
    let mut places: Vec<usize> = (0..ids.len()).collect();
    places.sort_by_key(|&place| length(place));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for place in places {
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * length(place) <= BATCH_TOKENS => batch.push(place),
            _ => batches.push(vec![place]),
        }
    }
    batches
}
