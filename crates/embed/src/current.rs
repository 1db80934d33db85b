//! The embedder in use for questions and documents. It is replaced for all users of the handle at
//! once when the installation moves to another model.

use super::Embedder;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A handle on the embedder in use; cheap to clone, every clone sees the same embedder.
#[derive(Debug, Clone)]
pub struct CurrentEmbedder(Arc<watch::Sender<Result<Embedder, String>>>);

impl CurrentEmbedder {
    /// A handle on `embedder`; the error is the reason why there is none.
    pub fn new(embedder: Result<Embedder, String>) -> Self {
        Self(Arc::new(watch::Sender::new(embedder)))
    }

    /// The embedder in use; `None`: only keyword search is possible.
    pub fn get(&self) -> Option<Embedder> {
        self.0.borrow().as_ref().ok().cloned()
    }

    /// The id of the model in use.
    pub fn model_id(&self) -> Option<String> {
        let state = self.0.borrow();
        let embedder = state.as_ref().ok();
        embedder.map(|embedder| embedder.model_id().to_owned())
    }

    /// Why there is no embedder, or why the last request to it failed; `None` when neither holds.
    pub fn trouble(&self) -> Option<String> {
        match &*self.0.borrow() {
            Ok(embedder) => embedder.trouble(),
            Err(reason) => Some(reason.clone()),
        }
    }

    /// Replaces the embedder.
    pub fn replace(&self, embedder: Embedder) {
        drop(self.0.send_replace(Ok(embedder)));
    }

    /// Waits, at most `timeout`, until the embedder is of another model than `model`, and returns
    /// whether it is.
    pub async fn changes_from(&self, model: &str, timeout: Duration) -> bool {
        let mut state = self.0.subscribe();
        let changed = state.wait_for(|state| {
            let embedder = state.as_ref().ok();
            embedder.is_none_or(|embedder| embedder.model_id() != model)
        });
        tokio::time::timeout(timeout, changed).await.is_ok()
    }
}
