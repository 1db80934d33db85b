//! A streamed answer, read to its end: bytes into events, events into deltas, under the three
//! timers. It decides how a stream ended, and calls it complete only after a terminal marker and
//! some text.

use super::sse::{SseEvent, SseParser};
use super::transport::Transport;
use super::wire::{Chunk, Frame, Refusal};
use super::{FinishReason, ProviderError, ProviderErrorKind as Kind, StreamEvent, Usage};
use reqwest::Response;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// After the reason to stop nothing is missing but the usage and `[DONE]`; a server that never
/// sends them is not waited for longer than this.
const TAIL_WAIT: Duration = Duration::from_secs(2);

/// How long the end of the body is awaited after `[DONE]`, so that the connection can be used again.
const CLOSE_WAIT: Duration = Duration::from_millis(100);

/// When a stream is given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamDeadlines {
    pub first_content: Instant,
    pub idle: Duration,
    pub total: Instant,
}

pub(super) struct Reader {
    transport: Transport,
    response: Response,
    deadlines: StreamDeadlines,
    parser: SseParser,
    waiting: VecDeque<SseEvent>,
    answer: Answer,
    body_ended: bool,
    completed: bool,
}

/// What is known of the answer so far.
struct Answer {
    model: String,
    usage: Usage,
    finish_reason: Option<FinishReason>,
    /// Content of any kind has come.
    started: bool,
    /// White space from before the first word: it goes out with that word, so that an answer of
    /// nothing else can still be given up for another provider's.
    held: String,
    has_text: bool,
}

/// What the connection brought.
enum Arrival {
    Bytes,
    End,
    /// The tail did not come, and need not.
    Enough,
}

impl Reader {
    pub fn new(
        transport: Transport,
        response: Response,
        deadlines: StreamDeadlines,
        asked_model: String,
    ) -> Self {
        Self {
            transport,
            response,
            deadlines,
            parser: SseParser::default(),
            waiting: VecDeque::new(),
            answer: Answer::new(asked_model),
            body_ended: false,
            completed: false,
        }
    }

    /// The next event for the caller; `None` after `Done`.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, ProviderError> {
        if self.completed {
            // Any end of the body will do: the answer is complete.
            let close_by = Instant::now() + CLOSE_WAIT;
            while let Ok(Ok(Some(_))) = timeout_at(close_by, self.response.chunk()).await {}
            return Ok(None);
        }
        loop {
            while let Some(event) = self.waiting.pop_front() {
                match self.read_event(&event)? {
                    Frame::Done => return self.complete().map(Some),
                    Frame::Chunk(chunk) => {
                        if let Some(text) = self.answer.take(chunk) {
                            return Ok(Some(StreamEvent::Delta(text)));
                        }
                    }
                }
            }
            match self.receive().await? {
                Arrival::Bytes => {}
                Arrival::End | Arrival::Enough if self.answer.finish_reason.is_some() => {
                    return self.complete().map(Some);
                }
                Arrival::End | Arrival::Enough => return Err(self.unfinished()),
            }
        }
    }

    fn read_event(&self, event: &SseEvent) -> Result<Frame, ProviderError> {
        self.transport
            .wire()
            .parse_frame(event)
            .map_err(|refusal| self.transport.blame.refused(&refusal))
    }

    async fn receive(&mut self) -> Result<Arrival, ProviderError> {
        if self.body_ended {
            return Ok(Arrival::End);
        }
        let now = Instant::now();
        let finishing = self.answer.finish_reason.is_some();
        let (wait_until, missing) = if finishing {
            (now + TAIL_WAIT.min(self.deadlines.idle), "end")
        } else if self.answer.started {
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
            Ok(Err(error)) => return Err(self.transport.blame.broken(error)),
            Err(_) => return Err(self.late(missing)),
        };
        self.waiting.extend(events);
        parsed.map_err(|error| {
            let refusal = Refusal::malformed(error.to_string());
            self.transport.blame.refused(&refusal)
        })
    }

    fn late(&self, missing: &str) -> ProviderError {
        self.transport
            .blame
            .error(Kind::Timeout, format!("no {missing} in time"))
    }

    fn unfinished(&self) -> ProviderError {
        self.transport.blame.error(
            Kind::Interrupted,
            "the stream ended without its terminal marker",
        )
    }

    fn complete(&mut self) -> Result<StreamEvent, ProviderError> {
        let finish_reason = self.answer.finish_reason.unwrap_or_default();
        if !self.answer.has_text {
            return Err(self.transport.blame.error(
                Kind::Empty,
                format!(
                    "the answer is empty (it ended with {})",
                    finish_reason.as_str()
                ),
            ));
        }
        self.completed = true;
        Ok(StreamEvent::Done {
            finish_reason,
            usage: self.answer.usage,
            model: std::mem::take(&mut self.answer.model),
        })
    }
}

impl Answer {
    fn new(model: String) -> Self {
        Self {
            model,
            usage: Usage::default(),
            finish_reason: None,
            started: false,
            held: String::new(),
            has_text: false,
        }
    }

    /// Takes a chunk in; returns the text to pass on, if any.
    fn take(&mut self, chunk: Chunk) -> Option<String> {
        self.finish_reason = chunk.finish_reason.or(self.finish_reason);
        self.usage = chunk.usage.unwrap_or(self.usage);
        if let Some(model) = chunk.model {
            self.model = model;
        }
        if self.has_text {
            return Some(chunk.text).filter(|text| !text.is_empty());
        }
        self.held.push_str(&chunk.text);
        self.has_text = !self.held.trim().is_empty();
        self.started |= chunk.other_content || self.has_text;
        self.has_text.then(|| std::mem::take(&mut self.held))
    }
}
