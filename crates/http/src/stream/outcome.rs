//! How a stream ended, counted once, whatever its form. A stream that is dropped before its end counts
//! as aborted by its client.

use crate::failure::problem::Failure;
use crate::failure::report::report;
use crate::metrics::StreamEnding;
use crate::state::AppState;
use crate::stream::end::StreamEnd;
use ragd_core::error::Error;

/// A stream that is being written.
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

    /// The mark that says whether the stream has ended properly.
    pub(crate) fn mark(&self) -> StreamEnd {
        self.mark.clone()
    }

    /// The stream has ended properly.
    pub(crate) fn complete(&mut self) {
        self.mark.complete();
        self.end(StreamEnding::Complete);
    }

    /// A part of the answer is being sent.
    pub(crate) fn content(&mut self) {
        self.has_content = true;
    }

    /// Whether a part of the answer was sent.
    pub(crate) fn has_content(&self) -> bool {
        self.has_content
    }

    /// The stream ends with `error`, which is logged and counted here.
    pub(crate) fn fail(&mut self, error: Error) -> Failure {
        self.end(if self.has_content {
            StreamEnding::ErrorAfterContent
        } else {
            StreamEnding::ErrorBeforeContent
        });
        let failure = Failure::from(error);
        report(&self.state.app, "chat", &failure);
        failure
    }

    /// The request failed before its first event.
    pub(crate) fn not_started(&mut self) {
        self.end(StreamEnding::ErrorBeforeContent);
    }

    /// Counts the end; only the first one counts.
    fn end(&mut self, ending: StreamEnding) {
        if !std::mem::replace(&mut self.ended, true) {
            let outcomes = &self.state.metrics.stream_outcomes;
            outcomes.with_label_values::<&str>(&[ending.into()]).inc();
        }
    }
}

impl Drop for StreamOutcome {
    fn drop(&mut self) {
        self.end(StreamEnding::ClientAbort);
    }
}
