//! Answers a question as a stream of events, read from the progress of a draft that may be shared
//! with other callers.

use super::answer::ChatEvent;
use super::draft::Draft;
use super::single_flight::{InFlight, Progress};
use super::source::Source;
use super::turn::Turn;
use super::unfinished::Unfinished;
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
            let mut reader = ProgressReader::of(&in_flight, Unfinished::of(&chat, &turn));
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
                    let partial = !reader.unfinished.sent.is_empty();
                    if !partial {
                        reader.unfinished.end();
                    }
                    // What was sent is stored before the client hears of it.
                    if let Some(storing) = reader.unfinished.begin_storing()
                        && let Err(error) = storing.await
                    {
                        tracing::error!(%error, "an incomplete answer was not stored");
                    }
                    yield ChatEvent::Error { error, partial };
                    return;
                }
            };
            reader.unfinished.end();
            let storing = chat.begin_storing_answer(&turn, Arc::clone(&draft), joined);
            // It came as a whole: it was cached, or whoever began it did not ask for a stream.
            for event in reader.rest(&turn, &draft) {
                yield event;
            }
            match storing.stored().await {
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
    /// What was sent, and whom to store it for.
    unfinished: Unfinished,
    is_served: bool,
    tokens: usize,
}

impl ProgressReader {
    fn of(in_flight: &InFlight, unfinished: Unfinished) -> Self {
        let mut progress = in_flight.progress.clone();
        // So that the first look also reads what had come before this stream joined.
        progress.mark_changed();
        Self {
            progress,
            unfinished,
            is_served: false,
            tokens: 0,
        }
    }

    /// What has come since the last look.
    fn unread(&mut self, turn: &Turn) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        let progress = self.progress.borrow_and_update();
        if let (None, Some(retrieved)) = (&self.unfinished.retrieved, &progress.retrieved) {
            events.push(metadata(turn, &retrieved.searched, &retrieved.sources));
            self.unfinished.retrieved = Some(Arc::clone(retrieved));
        }
        if let (false, Some(served)) = (self.is_served, &progress.served) {
            self.is_served = true;
            events.push(ChatEvent::Answering(served.clone()));
        }
        for token in &progress.tokens[self.tokens..] {
            self.unfinished.sent.push_str(token);
            events.push(ChatEvent::Token(token.clone()));
        }
        self.tokens = progress.tokens.len();
        events
    }

    /// What is left of a finished answer.
    fn rest(&self, turn: &Turn, draft: &Draft) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        if self.unfinished.retrieved.is_none() {
            events.push(metadata(turn, &draft.searched, &draft.sources));
        }
        if self.tokens == 0 {
            let words = draft.text.split_inclusive(char::is_whitespace);
            events.extend(words.map(|word| ChatEvent::Token(word.to_owned())));
        }
        events
    }
}

/// The sources, before it is known which of them the answer cites.
fn metadata(turn: &Turn, searched: &str, sources: &[Source]) -> ChatEvent {
    let sources = sources.iter().cloned().map(|source| Source {
        cited: false,
        ..source
    });
    ChatEvent::Metadata {
        session_id: turn.session_id(),
        searched: searched.to_owned(),
        sources: sources.collect(),
    }
}
