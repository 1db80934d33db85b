//! How a stream ended, counted once, whatever its form. Dropped before its end, its client has gone.

use super::frame::report;
use super::idempotency::StreamEnd;
use super::problem::Failure;
use super::state::AppState;
use ragd_core::error::Error;

/// A stream on its way to its one ending.
pub(super) struct StreamOutcome {
    state: AppState,
    has_content: bool,
    ended: bool,
    mark: StreamEnd,
}

impl StreamOutcome {
    pub(super) fn new(state: AppState) -> Self {
        Self {
            state,
            has_content: false,
            ended: false,
            mark: StreamEnd::default(),
        }
    }

    /// What says whether it has come to its proper end.
    pub(super) fn mark(&self) -> StreamEnd {
        self.mark.clone()
    }

    /// It has come to its proper end.
    pub(super) fn complete(&mut self) {
        self.mark.complete();
        self.end("complete");
    }

    /// A part of the answer is sent.
    pub(super) fn content(&mut self) {
        self.has_content = true;
    }

    /// Whether a part of the answer was sent.
    pub(super) fn has_content(&self) -> bool {
        self.has_content
    }

    /// It ends with `error`, which is logged and counted here.
    pub(super) fn fail(&mut self, error: Error) -> Failure {
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
    pub(super) fn end(&mut self, outcome: &str) {
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
