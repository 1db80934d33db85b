//! Answers a question as a stream of events, read from the progress of a draft that may be shared
//! with other callers.

use super::answer::ChatEvent;
use super::draft::Draft;
use super::single_flight::{InFlight, Progress};
use super::source::{RetrievedSources, Source};
use super::turn::Turn;
use super::{Chat, ChatRequest};
use futures_util::{FutureExt, Stream};
use ragd_core::domain::Principal;
use ragd_core::error::Result;
use std::sync::Arc;
use tokio::sync::watch;

impl Chat {
    /// Answers a question as a stream that ends in `Done` or `Error`. Dropping it cancels the
    /// upstream call, unless another caller waits for the same answer.
    pub fn stream(
        &self,
        caller: Principal,
        request: ChatRequest,
    ) -> impl Stream<Item = ChatEvent> + Send + use<> {
        let chat = self.clone();
        async_stream::stream! {
            let begun = chat.begin_stream(&caller, request).await;
            let Begun { turn, in_flight } = match begun {
                Ok(begun) => begun,
                Err(error) => {
                    yield ChatEvent::Error { error, partial: false };
                    return;
                }
            };
            let joined = in_flight.joined;
            let mut reader = ProgressReader::of(&in_flight);
            let mut draft = Box::pin(in_flight.wait().fuse());
            let draft = loop {
                let ended = tokio::select! {
                    Ok(()) = reader.progress.changed() => None,
                    draft = &mut draft => Some(draft),
                };
                for event in reader.unread(&turn) {
                    yield event;
                }
                if let Some(draft) = ended {
                    break draft;
                }
            };
            let draft = match draft {
                Ok(draft) => draft,
                Err(error) => {
                    let partial = !reader.text.is_empty();
                    if let Some(retrieved) = reader.retrieved.filter(|_| partial) {
                        chat.store_partial(&turn, &retrieved, reader.text).await;
                    }
                    yield ChatEvent::Error { error, partial };
                    return;
                }
            };
            // It came as a whole: it was cached, or whoever began it did not ask for a stream.
            for event in reader.rest(&turn, &draft) {
                yield event;
            }
            match chat.store_answer(&turn, draft, joined).await {
                Ok(stored) => yield ChatEvent::Done(Box::new(stored.answer)),
                Err(error) => yield ChatEvent::Error { error, partial: true },
            }
        }
    }

    async fn begin_stream(&self, caller: &Principal, request: ChatRequest) -> Result<Begun> {
        let turn = self.open_turn(caller, request, true).await?;
        let in_flight = self.join_draft(&turn).await?;
        Ok(Begun { turn, in_flight })
    }
}

/// A stream whose draft is being made.
struct Begun {
    turn: Arc<Turn>,
    in_flight: InFlight,
}

/// How far one stream has read the progress of its draft.
struct ProgressReader {
    progress: watch::Receiver<Progress>,
    retrieved: Option<Arc<RetrievedSources>>,
    is_served: bool,
    tokens: usize,
    text: String,
}

impl ProgressReader {
    fn of(in_flight: &InFlight) -> Self {
        let mut progress = in_flight.progress.clone();
        // So that the first look also reads what had come before this stream joined.
        progress.mark_changed();
        Self {
            progress,
            retrieved: None,
            is_served: false,
            tokens: 0,
            text: String::new(),
        }
    }

    /// What has come since the last look.
    fn unread(&mut self, turn: &Turn) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        let progress = self.progress.borrow_and_update();
        if let (None, Some(retrieved)) = (&self.retrieved, &progress.retrieved) {
            events.push(metadata(turn, &retrieved.sources));
            self.retrieved = Some(Arc::clone(retrieved));
        }
        if let (false, Some(served)) = (self.is_served, &progress.served) {
            self.is_served = true;
            events.push(ChatEvent::Answering(served.clone()));
        }
        for token in &progress.tokens[self.tokens..] {
            self.text.push_str(token);
            events.push(ChatEvent::Token(token.clone()));
        }
        self.tokens = progress.tokens.len();
        events
    }

    /// What is left of a finished answer.
    fn rest(&self, turn: &Turn, draft: &Draft) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        if self.retrieved.is_none() {
            events.push(metadata(turn, &draft.sources));
        }
        if self.tokens == 0 {
            let words = draft.text.split_inclusive(char::is_whitespace);
            events.extend(words.map(|word| ChatEvent::Token(word.to_owned())));
        }
        events
    }
}

/// The sources, before it is known which of them the answer cites.
fn metadata(turn: &Turn, sources: &[Source]) -> ChatEvent {
    let sources = sources.iter().cloned().map(|source| Source {
        cited: false,
        ..source
    });
    ChatEvent::Metadata {
        session_id: turn.session_id(),
        sources: sources.collect(),
    }
}
