//! Whether a provider ends its streams with the terminal marker: some servers of OpenAI's wire send their
//! reason to stop and close. What a provider was seen to do decides whether a missing marker is a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const UNKNOWN: u8 = 0;
const SENDS: u8 = 1;
const OMITS: u8 = 2;

/// What one provider was seen to do; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct MarkerHabit(Arc<AtomicU8>);

impl MarkerHabit {
    /// A provider that is known to send the marker.
    pub(super) fn sends() -> Self {
        Self(Arc::new(AtomicU8::new(SENDS)))
    }

    /// The marker has come.
    pub(super) fn came(&self) {
        let _known = self
            .0
            .compare_exchange(UNKNOWN, SENDS, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// A stream was closed as it should after its reason to stop, without the marker. Whether it is
    /// complete: not if the provider has sent the marker so far. From the next one on it is.
    pub(super) fn is_missing(&self, provider: &str) -> bool {
        let before = self.0.swap(OMITS, Ordering::Relaxed);
        if before != OMITS {
            tracing::info!(
                provider,
                "{provider} ends streams without [DONE]: its streams are complete with their finish_reason"
            );
        }
        before != SENDS
    }
}

#[cfg(test)]
mod tests {
    use super::MarkerHabit;

    #[test]
    fn a_missing_marker_is_a_failure_only_where_it_was_sent_before() {
        let unknown = MarkerHabit::default();
        assert!(unknown.is_missing("a"));
        unknown.came();
        assert!(unknown.is_missing("a"));
        let sends = MarkerHabit::default();
        sends.came();
        assert!(!sends.is_missing("a"));
        assert!(sends.is_missing("a"));
        assert!(!MarkerHabit::sends().is_missing("a"));
    }
}
