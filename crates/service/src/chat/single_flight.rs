//! Single-flight for equal questions: whoever asks what is being answered already waits for that
//! answer. It goes on for as long as anybody waits for it, whoever began it; when the last waiter is
//! dropped, the work is dropped, and with it the call upstream. Streams read its progress meanwhile.

use super::draft::Draft;
use super::source::RetrievedSources;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use ragd_core::error::{Error, Result};
use ragd_llm::Served;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tracing::Instrument;

/// The hash of everything that makes two questions equal.
pub(super) type Fingerprint = [u8; 32];

/// What everyone who waits gets.
type Outcome = Result<Arc<Draft>, Arc<Error>>;
type OutcomeFuture = BoxFuture<'static, Outcome>;

/// How far a draft has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The sources, once they are chosen.
    pub(super) retrieved: Option<Arc<RetrievedSources>>,
    /// Which provider answers, once its first content has come.
    pub(super) served: Option<Served>,
    /// The pieces of the answer; none when it comes as a whole.
    pub(super) tokens: Vec<String>,
}

/// Where the work reports its progress.
pub(super) type ProgressSender = watch::Sender<Progress>;

/// A draft that is being made.
pub(super) struct InFlight {
    pub(super) progress: watch::Receiver<Progress>,
    outcome: Shared<OutcomeFuture>,
    /// Whether another caller had begun it.
    pub(super) joined: bool,
}

/// The drafts that this process is making; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct SingleFlight(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    by_fingerprint: HashMap<Fingerprint, Entry>,
    last_number: u64,
}

struct Entry {
    number: u64,
    progress: watch::Receiver<Progress>,
    outcome: WeakShared<OutcomeFuture>,
}

/// Removes an entry when its work has ended or was dropped.
struct Registration {
    single_flight: SingleFlight,
    fingerprint: Fingerprint,
    number: u64,
}

impl InFlight {
    /// Waits for the draft. An error is the error of everyone who waits.
    pub(super) async fn wait(self) -> Result<Arc<Draft>> {
        self.outcome.await.map_err(|error| error.repeated())
    }

    fn begin(work: impl FnOnce(ProgressSender) -> BoxFuture<'static, Result<Draft>>) -> Self {
        let (sender, progress) = watch::channel(Progress::default());
        let work = work(sender);
        let outcome = async move { work.await.map(Arc::new).map_err(Arc::new) };
        Self {
            progress,
            // Whoever polls it, its log lines belong to the request that began it.
            outcome: outcome.in_current_span().boxed().shared(),
            joined: false,
        }
    }
}

impl SingleFlight {
    /// Joins the work on `fingerprint`, or begins `work`; without a fingerprint it is not shared.
    pub(super) fn join(
        &self,
        fingerprint: Option<Fingerprint>,
        work: impl FnOnce(ProgressSender) -> BoxFuture<'static, Result<Draft>>,
    ) -> InFlight {
        let Some(fingerprint) = fingerprint else {
            return InFlight::begin(work);
        };
        let mut entries = self.entries();
        if let Some(in_flight) = entries.get(&fingerprint) {
            return in_flight;
        }
        entries.last_number += 1;
        let registration = Registration {
            single_flight: self.clone(),
            fingerprint,
            number: entries.last_number,
        };
        let number = registration.number;
        let in_flight = InFlight::begin(|progress| {
            let work = work(progress);
            async move {
                let _until_the_end = registration;
                work.await
            }
            .boxed()
        });
        if let Some(outcome) = in_flight.outcome.downgrade() {
            let entry = Entry {
                number,
                progress: in_flight.progress.clone(),
                outcome,
            };
            entries.by_fingerprint.insert(fingerprint, entry);
        }
        in_flight
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn get(&self, fingerprint: &Fingerprint) -> Option<InFlight> {
        let entry = self.by_fingerprint.get(fingerprint)?;
        Some(InFlight {
            progress: entry.progress.clone(),
            outcome: entry.outcome.upgrade()?,
            joined: true,
        })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut entries = self.single_flight.entries();
        let entry = entries.by_fingerprint.get(&self.fingerprint);
        // Another may have begun since the last waiter of this one was dropped.
        if entry.is_some_and(|entry| entry.number == self.number) {
            entries.by_fingerprint.remove(&self.fingerprint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;
    use ragd_llm::Usage;
    use tokio::sync::oneshot;

    const KEY: Option<Fingerprint> = Some([7; 32]);

    type Finish = oneshot::Sender<Result<Draft>>;

    /// Work that ends when the test says so; `None` where other work was joined.
    fn join(single_flight: &SingleFlight, key: Option<Fingerprint>) -> (InFlight, Option<Finish>) {
        let mut finish = None;
        let in_flight = single_flight.join(key, |_| {
            let (sender, finished) = oneshot::channel();
            finish = Some(sender);
            async move { finished.await.unwrap() }.boxed()
        });
        assert_eq!(in_flight.joined, finish.is_none());
        (in_flight, finish)
    }

    fn draft() -> Draft {
        Draft {
            text: "yes".to_owned(),
            sources: Vec::new(),
            citations: Vec::new(),
            grounded: false,
            confidence: 0.0,
            provider: String::new(),
            model: String::new(),
            asked_model: String::new(),
            usage: Usage::default(),
            degraded: Vec::new(),
            searched: String::new(),
            finish_reason: ragd_llm::FinishReason::Stop,
            is_withheld: false,
            attempts: 1,
            upstream: std::time::Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn the_caller_who_began_may_stop_waiting() {
        let single_flight = SingleFlight::default();
        let (mut first, finish) = join(&single_flight, KEY);
        assert!(poll!(&mut first.outcome).is_pending());
        let (second, none) = join(&single_flight, KEY);
        assert!(none.is_none());
        drop(first);
        assert!(finish.unwrap().send(Ok(draft())).is_ok());
        assert_eq!(second.wait().await.unwrap().text, "yes");
        // It has ended: the next caller begins anew.
        assert!(join(&single_flight, KEY).1.is_some());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_dropped() {
        let single_flight = SingleFlight::default();
        let (mut first, finish) = join(&single_flight, KEY);
        let (mut second, _) = join(&single_flight, KEY);
        assert!(poll!(&mut first.outcome).is_pending());
        assert!(poll!(&mut second.outcome).is_pending());
        let finish = finish.unwrap();
        drop(second);
        assert!(!finish.is_closed());
        drop(first);
        assert!(finish.is_closed());
        assert!(single_flight.entries().by_fingerprint.is_empty());
        assert!(join(&single_flight, KEY).1.is_some());
    }

    #[tokio::test]
    async fn everyone_who_waits_gets_the_failure_and_the_next_caller_does_not() {
        let single_flight = SingleFlight::default();
        let (first, finish) = join(&single_flight, KEY);
        let (second, _) = join(&single_flight, KEY);
        let error = Error::unavailable("nobody answers").with_code("llm_unavailable");
        let error = error.with_source("connection refused");
        assert!(finish.unwrap().send(Err(error)).is_ok());
        for in_flight in [first, second] {
            let error = in_flight.wait().await.unwrap_err();
            assert_eq!(error.code(), "llm_unavailable");
            assert_eq!(error.chain(), "nobody answers: connection refused");
        }
        assert!(join(&single_flight, KEY).1.is_some());
    }

    #[tokio::test]
    async fn other_questions_are_not_shared() {
        let single_flight = SingleFlight::default();
        let _first = join(&single_flight, KEY);
        assert!(join(&single_flight, Some([8; 32])).1.is_some());
        // Nor is anything without a fingerprint.
        assert!(join(&single_flight, None).1.is_some());
        assert!(join(&single_flight, None).1.is_some());
    }
}
