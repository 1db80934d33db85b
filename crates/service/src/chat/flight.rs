//! One flight for equal questions: whoever asks while the same is being answered waits for that
//! answer. A flight goes on for as long as anybody waits for it, whoever began it; when the last one
//! has gone it is dropped, and with it the call upstream. Those who want the answer while it is made
//! read its progress.

use super::draft::Draft;
use super::making::Found;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use ragd_core::error::{Error, Result};
use ragd_llm::Served;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tracing::Instrument;

/// What makes two questions equal.
pub(super) type Fingerprint = [u8; 32];

/// How a flight ends, for each who waits.
type Ending = Result<Arc<Draft>, Arc<Error>>;
type Future = BoxFuture<'static, Ending>;

/// How far a flight has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The sources, once they are chosen.
    pub(super) found: Option<Arc<Found>>,
    /// Who answers, once the first content has come.
    pub(super) served: Option<Served>,
    /// The answer's pieces, as they came; none when it comes whole.
    pub(super) tokens: Vec<String>,
}

/// Where a flight tells how far it has come.
pub(super) type Teller = watch::Sender<Progress>;

/// An answer on its way.
pub(super) struct Flight {
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) ending: Shared<Future>,
    /// Whether somebody else had begun it.
    pub(super) joined: bool,
}

/// The flights of this process; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<Board>>);

#[derive(Default)]
struct Board {
    under_way: HashMap<Fingerprint, Listed>,
    begun: u64,
}

struct Listed {
    number: u64,
    progress: watch::Receiver<Progress>,
    ending: WeakShared<Future>,
}

/// Takes a flight off the board when it has ended, or was dropped.
struct OnBoard {
    flights: Flights,
    fingerprint: Fingerprint,
    number: u64,
}

impl Flight {
    /// Waits for the end. The error of a flight is the error of each who waits for it.
    pub(super) async fn land(self) -> Result<Arc<Draft>> {
        self.ending.await.map_err(|error| error.repeated())
    }

    fn begin(make: impl FnOnce(Teller) -> BoxFuture<'static, Result<Draft>>) -> Self {
        let (teller, progress) = watch::channel(Progress::default());
        let making = make(teller);
        let ending = async move { making.await.map(Arc::new).map_err(Arc::new) };
        Self {
            progress,
            // Whoever happens to carry it on, its log lines are those of the one who began it.
            ending: ending.in_current_span().boxed().shared(),
            joined: false,
        }
    }
}

impl Flights {
    /// The flight of `fingerprint`, begun by `make` where none is under way; without one, a flight
    /// of its own.
    pub(super) fn join(
        &self,
        fingerprint: Option<Fingerprint>,
        make: impl FnOnce(Teller) -> BoxFuture<'static, Result<Draft>>,
    ) -> Flight {
        let Some(fingerprint) = fingerprint else {
            return Flight::begin(make);
        };
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = board.find(&fingerprint) {
            return flight;
        }
        board.begun += 1;
        let on_board = OnBoard {
            flights: self.clone(),
            fingerprint,
            number: board.begun,
        };
        let number = on_board.number;
        let flight = Flight::begin(|teller| {
            let making = make(teller);
            async move {
                let _until_the_end = on_board;
                making.await
            }
            .boxed()
        });
        if let Some(ending) = flight.ending.downgrade() {
            let listed = Listed {
                number,
                progress: flight.progress.clone(),
                ending,
            };
            board.under_way.insert(fingerprint, listed);
        }
        flight
    }
}

impl Board {
    fn find(&self, fingerprint: &Fingerprint) -> Option<Flight> {
        let listed = self.under_way.get(fingerprint)?;
        Some(Flight {
            progress: listed.progress.clone(),
            ending: listed.ending.upgrade()?,
            joined: true,
        })
    }
}

impl Drop for OnBoard {
    fn drop(&mut self) {
        let mut board = self
            .flights
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let listed = board.under_way.get(&self.fingerprint);
        // Another may have begun since nobody waited for this one.
        if listed.is_some_and(|listed| listed.number == self.number) {
            board.under_way.remove(&self.fingerprint);
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

    type Landing = oneshot::Sender<Result<Draft>>;

    /// A flight that lands when the test says so; `None` where one was joined.
    fn join(flights: &Flights, key: Option<Fingerprint>) -> (Flight, Option<Landing>) {
        let mut landing = None;
        let flight = flights.join(key, |_| {
            let (land, landed) = oneshot::channel();
            landing = Some(land);
            async move { landed.await.unwrap() }.boxed()
        });
        assert_eq!(flight.joined, landing.is_none());
        (flight, landing)
    }

    fn draft() -> Draft {
        Draft {
            answer: "yes".to_owned(),
            sources: Vec::new(),
            citations: Vec::new(),
            grounded: false,
            confidence: 0.0,
            provider: String::new(),
            model: String::new(),
            asked_model: String::new(),
            usage: Usage::default(),
            degraded: Vec::new(),
            is_whole: true,
            attempts: 1,
            upstream: std::time::Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn who_began_a_flight_may_leave_it() {
        let flights = Flights::default();
        let (mut first, land) = join(&flights, KEY);
        assert!(poll!(&mut first.ending).is_pending());
        let (second, none) = join(&flights, KEY);
        assert!(none.is_none());
        drop(first);
        assert!(land.unwrap().send(Ok(draft())).is_ok());
        assert_eq!(second.land().await.unwrap().answer, "yes");
        // It has landed: the next one begins anew.
        assert!(join(&flights, KEY).1.is_some());
    }

    #[tokio::test]
    async fn a_flight_that_nobody_waits_for_is_dropped() {
        let flights = Flights::default();
        let (mut first, land) = join(&flights, KEY);
        let (mut second, _) = join(&flights, KEY);
        assert!(poll!(&mut first.ending).is_pending());
        assert!(poll!(&mut second.ending).is_pending());
        let land = land.unwrap();
        drop(second);
        assert!(!land.is_closed());
        drop(first);
        assert!(land.is_closed());
        assert!(flights.0.lock().unwrap().under_way.is_empty());
        assert!(join(&flights, KEY).1.is_some());
    }

    #[tokio::test]
    async fn a_failure_is_everybodys_and_nobodys_after_that() {
        let flights = Flights::default();
        let (first, land) = join(&flights, KEY);
        let (second, _) = join(&flights, KEY);
        let error = Error::unavailable("nobody answers").with_code("llm_unavailable");
        let error = error.with_source("connection refused");
        assert!(land.unwrap().send(Err(error)).is_ok());
        for flight in [first, second] {
            let error = flight.land().await.unwrap_err();
            assert_eq!(error.code(), "llm_unavailable");
            assert_eq!(error.chain(), "nobody answers: connection refused");
        }
        assert!(join(&flights, KEY).1.is_some());
    }

    #[tokio::test]
    async fn other_questions_have_flights_of_their_own() {
        let flights = Flights::default();
        let _first = join(&flights, KEY);
        assert!(join(&flights, Some([8; 32])).1.is_some());
        // Without a fingerprint nothing is shared.
        assert!(join(&flights, None).1.is_some());
        assert!(join(&flights, None).1.is_some());
    }
}
