//! A streamed answer, read to its end: bytes into events, events into pieces, under the three
//! timers. It decides how a stream ended, and calls it complete only after a terminal marker and
//! some answer.

use super::answer::Answer;
use super::failure::Blame;
use super::marker::MarkerHabit;
use super::sse::{SseEvent, SseParser};
use super::wire::{Frame, FrameReader, Refusal};
use super::{Piece, ProviderError, ProviderErrorKind as Kind, StreamEvent};
use ragd_core::outbound::Reply;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Where the wire has no terminal marker, nothing is missing after the reason to stop; a server that
/// does not end its body then is not waited for longer than this.
const TAIL_WAIT: Duration = Duration::from_secs(2);

/// How long the end of the body is awaited after `[DONE]`, so that the connection can be used again.
const CLOSE_WAIT: Duration = Duration::from_millis(100);

/// When a stream is abandoned.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamDeadlines {
    pub first_content: Instant,
    pub idle: Duration,
    pub total: Instant,
}

/// A streamed answer whose head has come.
pub(super) struct StreamParts {
    pub blame: Blame,
    pub marker: MarkerHabit,
    pub response: Reply,
    pub deadlines: StreamDeadlines,
    pub frames: FrameReader,
    pub answer: Answer,
}

pub(super) struct Reader {
    blame: Blame,
    marker: MarkerHabit,
    response: Reply,
    deadlines: StreamDeadlines,
    parser: SseParser,
    frames: FrameReader,
    waiting: VecDeque<SseEvent>,
    ready: VecDeque<Piece>,
    answer: Answer,
    body_ended: bool,
    completed: bool,
}

/// What was received.
enum Arrival {
    Bytes,
    End,
    /// The tail was not received, and is not needed.
    Enough,
}

impl Reader {
    pub fn new(parts: StreamParts) -> Self {
        let StreamParts {
            blame,
            marker,
            response,
            deadlines,
            frames,
            answer,
        } = parts;
        Self {
            blame,
            marker,
            response,
            deadlines,
            parser: SseParser::default(),
            frames,
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            answer,
            body_ended: false,
            completed: false,
        }
    }

    /// The next event for the caller; `None` after `Done`.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, ProviderError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(StreamEvent::Piece(piece)));
            }
            if self.completed {
                return Ok(self.close().await);
            }
            if let Some(event) = self.waiting.pop_front() {
                self.take(event)?;
                continue;
            }
            match self.receive().await? {
                Arrival::Bytes => {}
                Arrival::End | Arrival::Enough if self.may_end_here() => self.complete()?,
                // The body was closed as it should, so nothing but the marker is missing.
                Arrival::End if self.answer.has_ended() && self.is_marker_missing() => {
                    self.complete()?;
                }
                Arrival::End | Arrival::Enough => return Err(self.unfinished()),
            }
        }
    }

    /// Whether the end of the body is the end of the answer: where the wire has no terminal marker,
    /// and the reason to stop has come.
    fn may_end_here(&self) -> bool {
        self.answer.has_ended() && !self.blame.wire.has_terminal_marker()
    }

    fn is_marker_missing(&self) -> bool {
        self.marker.is_missing(&self.blame.provider)
    }

    /// The last event, once; then the end of the body is awaited. Any end will do: the answer is
    /// complete.
    async fn close(&mut self) -> Option<StreamEvent> {
        if let Some(ending) = self.answer.take_ending() {
            return Some(StreamEvent::Done(ending));
        }
        if !self.body_ended {
            let close_by = Instant::now() + CLOSE_WAIT;
            while let Ok(Ok(Some(_))) = timeout_at(close_by, self.response.chunk()).await {}
        }
        None
    }

    fn take(&mut self, event: SseEvent) -> Result<(), ProviderError> {
        let frame = match self.frames.parse(&event) {
            // Whatever has come is what there is of the answer.
            Err(refusal) if refusal.kind == Kind::Filtered => {
                self.answer.end_filtered();
                return self.complete();
            }
            frame => frame.map_err(|refusal| self.blame.refused(&refusal))?,
        };
        match frame {
            Frame::Done => {
                self.marker.came();
                self.complete()
            }
            Frame::Chunk(chunk) => {
                self.answer.take(chunk, event.data, &mut self.ready);
                Ok(())
            }
        }
    }

    async fn receive(&mut self) -> Result<Arrival, ProviderError> {
        if self.body_ended {
            return Ok(Arrival::End);
        }
        let now = Instant::now();
        let finishing = self.may_end_here();
        let (wait_until, missing) = if finishing {
            (now + TAIL_WAIT.min(self.deadlines.idle), "end")
        } else if self.answer.has_started() {
            (now + self.deadlines.idle, "more of the answer")
        } else {
            (self.deadlines.first_content, "content")
        };
        // Bytes that are there already win against a timer, so a stream that never pauses has to be
        // stopped here.
        if now >= self.deadlines.total {
            return if finishing {
                Ok(Arrival::Enough)
            } else {
                Err(self.late("end"))
            };
        }
        let wait_until = wait_until.min(self.deadlines.total);
        let mut events = Vec::new();
        let parsed = match timeout_at(wait_until, self.response.chunk()).await {
            Ok(Ok(Some(bytes))) => self
                .parser
                .push(&bytes, &mut events)
                .map(|()| Arrival::Bytes),
            Ok(Ok(None)) => {
                self.body_ended = true;
                self.parser.finish(&mut events).map(|()| Arrival::Bytes)
            }
            Ok(Err(_)) | Err(_) if finishing => Ok(Arrival::Enough),
            Ok(Err(error)) => return Err(self.blame.broken(error)),
            Err(_) => return Err(self.late(missing)),
        };
        self.waiting.extend(events);
        parsed.map_err(|error| {
            let refusal = Refusal::malformed(error.to_string());
            self.blame.refused(&refusal)
        })
    }

    fn late(&self, missing: &str) -> ProviderError {
        self.blame
            .error(Kind::Timeout, format!("no {missing} in time"))
    }

    fn unfinished(&self) -> ProviderError {
        self.blame.error(
            Kind::Interrupted,
            "the stream ended without its terminal marker",
        )
    }

    fn complete(&mut self) -> Result<(), ProviderError> {
        self.completed = true;
        self.answer
            .complete(&mut self.ready)
            .map_err(|reason| self.blame.error(Kind::Empty, reason))
    }
}
