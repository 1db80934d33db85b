//! One turn, whole or streamed: open the conversation, get an answer, store the turn. Both ways
//! share the first and the last step, so that a streamed answer is checked and stored like any
//! other; so is one that was kept, or that somebody else had asked for a moment before.

use super::draft::Draft;
use super::flight::{Flight, Progress};
use super::making::{Asking, Found, Said, nobody};
use super::request::Source;
use super::{Answer, Chat, ChatEvent, ChatRequest};
use futures_util::{FutureExt, Stream};
use ragd_core::domain::{MessageId, MessageStatus, Principal, Room};
use ragd_core::error::Result;
use ragd_llm::{FinishReason, Usage, Wish};
use std::sync::Arc;
use tokio::sync::watch;

impl Chat {
    /// Answers a question, checks the answer's citations and stores the turn.
    ///
    /// # Errors
    /// `Invalid` for a provider that is not configured; `Unavailable` (code `llm_unavailable`) when
    /// no provider answers, or without a database.
    pub async fn turn(&self, caller: &Principal, request: ChatRequest) -> Result<Answer> {
        let (room, asking) = self.open_turn(caller, request).await?;
        let flight = self.depart(&asking).await?;
        let joined = flight.joined;
        let draft = flight.land().await?;
        self.store_draft(&room, &asking, (&draft, joined)).await
    }

    /// Answers a question as a stream that ends in `Done` or `Error`. Dropping it cancels the
    /// upstream's call, unless somebody else waits for the same answer.
    pub fn stream(
        &self,
        caller: Principal,
        request: ChatRequest,
    ) -> impl Stream<Item = ChatEvent> + Send + use<> {
        let chat = self.clone();
        async_stream::stream! {
            let opened = match chat.open_turn(&caller, request).await {
                Ok((room, asking)) => {
                    let asking = Asking { streamed: true, ..asking };
                    let flight = chat.depart(&asking).await;
                    flight.map(|flight| (room, asking, flight))
                }
                Err(error) => Err(error),
            };
            let (room, asking, flight) = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    yield ChatEvent::Error { error, partial: false };
                    return;
                }
            };
            let joined = flight.joined;
            let mut reader = Reader::of(&flight);
            let mut ending = Box::pin(flight.land().fuse());
            let ending = loop {
                let ended = tokio::select! {
                    Ok(()) = reader.progress.changed() => None,
                    ending = &mut ending => Some(ending),
                };
                for event in reader.unread(&room) {
                    yield event;
                }
                if let Some(ending) = ended {
                    break ending;
                }
            };
            let draft = match ending {
                Ok(draft) => draft,
                Err(error) => {
                    let partial = !reader.text.is_empty();
                    if let Some(found) = reader.found.filter(|_| partial) {
                        chat.store_part(&room, &asking, (&found, reader.text)).await;
                    }
                    yield ChatEvent::Error { error, partial };
                    return;
                }
            };
            // It came whole: it was kept, or nobody who asked for it wanted it in pieces.
            for event in reader.rest(&room, &draft) {
                yield event;
            }
            match chat.store_draft(&room, &asking, (&draft, joined)).await {
                Ok(answer) => yield ChatEvent::Done(Box::new(answer)),
                Err(error) => yield ChatEvent::Error { error, partial: true },
            }
        }
    }

    async fn open_turn(&self, caller: &Principal, request: ChatRequest) -> Result<(Room, Asking)> {
        let route = self.parts.router.route(Wish {
            provider: request.provider.as_deref(),
            model: request.model.as_deref(),
        })?;
        let room = self.room_of(caller, &request).await?;
        let history = match &request.history {
            Some(given) => self.given(&room, given),
            None => self.history(&room).await?,
        };
        let asking = Asking {
            request,
            read: caller.read_scope(),
            room: room.clone(),
            history,
            route,
            streamed: false,
        };
        Ok((room, asking))
    }

    /// Takes the flight to the answer: one that is under way, or a new one.
    async fn depart(&self, asking: &Asking) -> Result<Flight> {
        let key = self.response_key(asking).await?;
        let fingerprint = key.map(|key| key.fingerprint());
        let flights = &self.parts.responses.flights;
        Ok(flights.join(fingerprint, |teller| {
            self.clone().make(asking.clone(), key, teller).boxed()
        }))
    }

    /// Makes the draft this conversation's answer, and stores the turn.
    async fn store_draft(
        &self,
        room: &Room,
        asking: &Asking,
        (draft, joined): (&Draft, bool),
    ) -> Result<Answer> {
        if joined {
            self.count_hit();
        }
        let status = MessageStatus::Complete;
        let answer = self.store(room, asking, (draft.clone(), status)).await?;
        let grounded = if answer.grounded { "true" } else { "false" };
        self.parts
            .metrics
            .grounding
            .with_label_values(&[grounded])
            .inc();
        Ok(answer)
    }

    async fn store(
        &self,
        room: &Room,
        asking: &Asking,
        (draft, status): (Draft, MessageStatus),
    ) -> Result<Answer> {
        let message_id = MessageId::new(self.parts.clock.now());
        let answer = draft.into_answer(session_id(room), message_id);
        let question = asking.request.question.as_str();
        self.store_turn(room, question, (&answer, status)).await?;
        Ok(answer)
    }

    /// Keeps what had come of a stream that broke off.
    async fn store_part(&self, room: &Room, asking: &Asking, (found, text): (&Found, String)) {
        let part = Said {
            text,
            finish_reason: FinishReason::Stop,
            usage: Usage::default(),
            model: String::new(),
            served: nobody(asking),
        };
        let stored = match self.judge(found, part).await {
            Ok(draft) => {
                let part = (draft, MessageStatus::Incomplete);
                self.store(room, asking, part).await.map(drop)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            tracing::error!(error = error.chain(), "a broken answer was not stored");
        }
    }
}

/// What one stream has read of a flight.
struct Reader {
    progress: watch::Receiver<Progress>,
    found: Option<Arc<Found>>,
    is_served: bool,
    tokens: usize,
    text: String,
}

impl Reader {
    fn of(flight: &Flight) -> Self {
        let mut progress = flight.progress.clone();
        // What a flight that is joined has told already is read with the first look.
        progress.mark_changed();
        Self {
            progress,
            found: None,
            is_served: false,
            tokens: 0,
            text: String::new(),
        }
    }

    /// What has come since the last look.
    fn unread(&mut self, room: &Room) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        let progress = self.progress.borrow_and_update();
        if let (None, Some(found)) = (&self.found, &progress.found) {
            events.push(metadata(room, &found.sources));
            self.found = Some(Arc::clone(found));
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

    /// What is left of an answer that has ended.
    fn rest(&self, room: &Room, draft: &Draft) -> Vec<ChatEvent> {
        let mut events = Vec::new();
        if self.found.is_none() {
            events.push(metadata(room, &draft.sources));
        }
        if self.tokens == 0 {
            let words = draft.answer.split_inclusive(char::is_whitespace);
            events.extend(words.map(|word| ChatEvent::Token(word.to_owned())));
        }
        events
    }
}

/// The sources as they are before anything was said of them.
fn metadata(room: &Room, sources: &[Source]) -> ChatEvent {
    let sources = sources.iter().cloned().map(|source| Source {
        cited: false,
        ..source
    });
    ChatEvent::Metadata {
        session_id: session_id(room),
        sources: sources.collect(),
    }
}

fn session_id(room: &Room) -> String {
    match &room.session_key {
        Some(key) => key.as_str().to_owned(),
        None => room.id.to_string(),
    }
}
