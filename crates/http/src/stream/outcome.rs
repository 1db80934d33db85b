//! How a stream ended, counted once, whatever its form. Dropped before its end, its client has gone.

use crate::failure::problem::Failure;
use crate::middleware::idempotency::StreamEnd;
use crate::middleware::report;
use crate::state::AppState;
use ragd_core::error::Error;

/// A stream on its way to its one ending.
pub(crate) struct StreamOutcome {
    state: AppState,
    has_content: bool,
    ended: bool,
    mark: StreamEnd,
}

impl StreamOutcome {
    pub(crate) fn new(state: AppState) -> Self {
        Self {
            state,
            has_content: false,
            ended: false,
            mark: StreamEnd::default(),
        }
    }

    /// What says whether it has come to its proper end.
    pub(crate) fn mark(&self) -> StreamEnd {
        self.mark.clone()
    }

    /// It has come to its proper end.
    pub(crate) fn complete(&mut self) {
        self.mark.complete();
        self.end("complete");
    }

    /// A part of the answer is sent.
    pub(crate) fn content(&mut self) {
        self.has_content = true;
    }

    /// Whether a part of the answer was sent.
    pub(crate) fn has_content(&self) -> bool {
        self.has_content
    }

    /// It ends with `error`, which is logged and counted here.
    pub(crate) fn fail(&mut self, error: Error) -> Failure {
        let content = self.has_content;
        self.end(if content {
            "error_after_content"
        } else {
            "error_before_content"
        });
        let failure = Failure::from(error);
        report(&self.state.app, "chat", &failure);
        failure
    }

    /// It ends as `outcome` says; only the first end counts.
    pub(crate) fn end(&mut self, outcome: &str) {
        if !std::mem::replace(&mut self.ended, true) {
            let outcomes = &self.state.metrics.stream_outcomes;
            outcomes.with_label_values(&[outcome]).inc();
        }
    }
}

impl Drop for StreamOutcome {
    fn drop(&mut self) {
        self.end("client_abort");
    }
}
