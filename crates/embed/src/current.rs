//! The embedder of this moment: what questions and documents are embedded with, replaced at once
//! for everybody when the installation moves to another model.

use super::Embedder;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A handle on the embedder in use; cheap to clone, every clone sees the same one.
#[derive(Debug, Clone)]
pub struct CurrentEmbedder(Arc<watch::Sender<State>>);

#[derive(Debug, Clone)]
struct State {
    embedder: Option<Embedder>,
    /// Why there is none.
    without: Option<String>,
}

impl CurrentEmbedder {
    /// A handle on `embedder`; the error says why there is none.
    pub fn new(embedder: Result<Embedder, String>) -> Self {
        let state = match embedder {
            Ok(embedder) => State {
                embedder: Some(embedder),
                without: None,
            },
            Err(reason) => State {
                embedder: None,
                without: Some(reason),
            },
        };
        Self(Arc::new(watch::Sender::new(state)))
    }

    /// The embedder now; `None`: words alone.
    pub fn get(&self) -> Option<Embedder> {
        self.0.borrow().embedder.clone()
    }

    /// The id of the model now.
    pub fn model_id(&self) -> Option<String> {
        let state = self.0.borrow();
        let embedder = state.embedder.as_ref();
        embedder.map(|embedder| embedder.model_id().to_owned())
    }

    /// Why there is none, or why the one that is there does not answer; `None`: all is well.
    pub fn trouble(&self) -> Option<String> {
        let state = self.0.borrow();
        match &state.embedder {
            Some(embedder) => embedder.trouble(),
            None => state.without.clone(),
        }
    }

    /// Puts another one in its place.
    pub fn replace(&self, embedder: Embedder) {
        self.0.send_replace(State {
            embedder: Some(embedder),
            without: None,
        });
    }

    /// Waits, for as long as `patience`, until the embedder is of another model than `model`, and
    /// says whether it is.
    pub async fn moves_on_from(&self, model: &str, patience: Duration) -> bool {
        let mut state = self.0.subscribe();
        let moved = state.wait_for(|state| {
            let embedder = state.embedder.as_ref();
            embedder.is_none_or(|embedder| embedder.model_id() != model)
        });
        tokio::time::timeout(patience, moved).await.is_ok()
    }
}
