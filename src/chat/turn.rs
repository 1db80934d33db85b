//! One turn, whole or streamed: prepare, ask, finish. Both ways share the first and the last step,
//! so that a streamed answer is checked and stored like any other.

use super::answering::Asked;
use super::models::Answerer;
use super::request::Source;
use super::{Answer, Chat, ChatEvent, ChatRequest, CitationStatus, prompt, sanitize, sources};
use crate::citation::strip_unknown_markers;
use crate::domain::{Message, MessageId, MessageStatus, Principal, Room};
use crate::error::{Error, Result};
use crate::index::{QueryVector, TermCounter};
use crate::provider::extractive::NOT_FOUND;
use crate::provider::{self, ChatReply, FinishReason, StreamEvent, Usage};
use crate::retrieval::{RetrievalRequest, RetrievalScope};
use futures_util::{Stream, StreamExt};
use std::collections::HashSet;

/// Everything that is known before anybody is asked.
pub(super) struct Prepared {
    room: Room,
    history: Vec<Message>,
    sources: Vec<Source>,
    /// How well each source fits the question, 0–1.
    fits: Vec<f64>,
    question_vector: Option<QueryVector>,
    degraded: Vec<&'static str>,
    answerer: Answerer,
}

impl Chat {
    /// Answers a question, checks the answer's citations and stores the turn.
    ///
    /// # Errors
    /// `Invalid` for a provider that is not configured; `Unavailable` (code `llm_unavailable`) when
    /// no provider answers, or without a database.
    pub async fn turn(&self, caller: &Principal, request: ChatRequest) -> Result<Answer> {
        let prepared = self.prepare(caller, &request).await?;
        let asked = self.asked(&prepared.answerer, &request);
        let reply = match &prepared.answerer {
            _ if prepared.sources.is_empty() => self.nothing_found(&prepared.answerer),
            Answerer::Extractive => {
                let question = request.question.as_str();
                let vector = prepared.question_vector.as_ref();
                let reply = self
                    .extract_answer(question, &prepared.sources, vector)
                    .await;
                asked.record_result(&reply);
                reply?
            }
            Answerer::Llm(provider) => {
                let reply = provider
                    .complete(&llm_request(&prepared, &request, self.settings.max_tokens))
                    .await
                    .map_err(Error::from);
                asked.record_result(&reply);
                reply?
            }
        };
        self.finish(prepared, &request, (reply, MessageStatus::Complete))
            .await
    }

    /// Answers a question as a stream that ends in `Done` or `Error`. Dropping it cancels the
    /// upstream's call.
    pub fn stream(
        &self,
        caller: Principal,
        request: ChatRequest,
    ) -> impl Stream<Item = ChatEvent> + Send + use<> {
        let chat = self.clone();
        async_stream::stream! {
            let prepared = match chat.prepare(&caller, &request).await {
                Ok(prepared) => prepared,
                Err(error) => {
                    yield ChatEvent::Error { error, partial: false };
                    return;
                }
            };
            yield ChatEvent::Metadata {
                session_id: session_id(&prepared.room),
                sources: prepared.sources.clone(),
            };
            let asked = chat.asked(&prepared.answerer, &request);
            let mut text = String::new();
            let mut ending: Result<(FinishReason, Usage, String)> =
                Err(Error::unavailable("the stream did not end").with_code("llm_unavailable"));
            match prepared.answerer.clone() {
                Answerer::Llm(provider) if !prepared.sources.is_empty() => {
                    let call = llm_request(&prepared, &request, chat.settings.max_tokens);
                    match provider.stream(&call).await {
                        Ok(mut events) => {
                            while let Some(event) = events.next().await {
                                match event {
                                    Ok(StreamEvent::Delta(delta)) => {
                                        asked.first_content();
                                        text.push_str(&delta);
                                        yield ChatEvent::Token(delta);
                                    }
                                    Ok(StreamEvent::Done { finish_reason, usage, model }) => {
                                        ending = Ok((finish_reason, usage, model));
                                    }
                                    Err(error) => ending = Err(error.into()),
                                }
                            }
                        }
                        Err(error) => ending = Err(error.into()),
                    }
                }
                answerer => {
                    let reply = if prepared.sources.is_empty() {
                        Ok(chat.nothing_found(&answerer))
                    } else {
                        let vector = prepared.question_vector.as_ref();
                        chat.extract_answer(request.question.as_str(), &prepared.sources, vector).await
                    };
                    match reply {
                        Ok(reply) => {
                            for token in tokens(&reply.text) {
                                yield ChatEvent::Token(token.to_owned());
                            }
                            text = reply.text;
                            ending = Ok((reply.finish_reason, reply.usage, reply.model));
                        }
                        Err(error) => ending = Err(error),
                    }
                }
            }
            let ending = ending.map(|(finish_reason, usage, model)| ChatReply {
                text: text.clone(),
                model,
                finish_reason,
                usage,
            });
            asked.record_result(&ending);
            let partial = !text.is_empty();
            match ending {
                Ok(reply) => {
                    match chat.finish(prepared, &request, (reply, MessageStatus::Complete)).await {
                        Ok(answer) => {
                            yield ChatEvent::Done(Box::new(answer));
                        }
                        Err(error) => {
                            yield ChatEvent::Error { error, partial };
                        }
                    }
                }
                Err(error) => {
                    if partial {
                        chat.store_part(prepared, &request, text).await;
                    }
                    yield ChatEvent::Error { error, partial };
                }
            }
        }
    }

    async fn prepare(&self, caller: &Principal, request: &ChatRequest) -> Result<Prepared> {
        let answerer = self.parts.models.choose(request.provider.as_deref())?;
        let room = self.session(caller, request).await?;
        let history = self.history(&room).await?;
        let default_limit = usize::try_from(self.settings.top_k).unwrap_or(1);
        let count = request.top_k.map_or(default_limit, |top_k| top_k.get());
        let mut retrieved = self
            .parts
            .retrieval
            .search(&RetrievalRequest {
                query: request.question.clone().into(),
                read: caller.read_scope(),
                collection: request.collection.clone(),
                scope: RetrievalScope::Documents,
                rooms: None,
                limit: count * sources::CANDIDATES_PER_SOURCE,
            })
            .await?;
        retrieved.hits = sources::choose(retrieved.hits, count);
        let question = request.question.as_str();
        let hits = retrieved.hits.iter().enumerate();
        let sources: Vec<Source> = hits.map(|(at, hit)| Source::of_hit(at + 1, hit)).collect();
        let fits = retrieved
            .hits
            .iter()
            .map(|hit| match (&retrieved.query_vector, hit.vector.raw) {
                (Some(_), Some(cosine)) => fit_of_cosine(cosine),
                _ => coverage(question, &hit.stored.passage.content, &self.parts.counter),
            })
            .collect();
        Ok(Prepared {
            room,
            history,
            sources,
            fits,
            question_vector: retrieved.query_vector,
            degraded: retrieved.degraded,
            answerer,
        })
    }

    /// Checks the reply's citations, judges it and stores the turn.
    async fn finish(
        &self,
        prepared: Prepared,
        request: &ChatRequest,
        (reply, status): (ChatReply, MessageStatus),
    ) -> Result<Answer> {
        let Prepared {
            room,
            mut sources,
            fits,
            degraded,
            answerer,
            ..
        } = prepared;
        let known = strip_unknown_markers(&reply.text, sources.len());
        let text = sanitize::sanitize(&known, &sources);
        let citations = self.check(&text, &sources).await?;
        for source in &mut sources {
            source.cited = citations
                .iter()
                .any(|citation| citation.citation_index == source.citation_index);
        }
        let supported = citations
            .iter()
            .filter(|citation| citation.status == CitationStatus::Supported);
        let confidence = supported
            .map(|citation| {
                let fit = fits
                    .get(citation.citation_index - 1)
                    .copied()
                    .unwrap_or(0.0);
                citation.score * (0.5 + 0.5 * fit)
            })
            .fold(None, |best: Option<f64>, one| {
                Some(best.map_or(one, |best| best.max(one)))
            });
        let answer = Answer {
            answer: text,
            sources,
            grounded: confidence.is_some(),
            confidence: confidence.unwrap_or(0.0),
            citations,
            session_id: session_id(&room),
            message_id: MessageId::new(self.parts.clock.now()),
            provider: name_of(&answerer).to_owned(),
            model: reply.model,
            usage: reply.usage,
            degraded,
        };
        self.store_turn(&room, request.question.as_str(), (&answer, status))
            .await?;
        let grounded = if answer.grounded { "true" } else { "false" };
        self.parts
            .metrics
            .grounding
            .with_label_values(&[grounded])
            .inc();
        Ok(answer)
    }

    /// Keeps what had come of a stream that broke off.
    async fn store_part(&self, prepared: Prepared, request: &ChatRequest, text: String) {
        let reply = ChatReply {
            text,
            model: String::new(),
            finish_reason: FinishReason::Stop,
            usage: Usage::default(),
        };
        if let Err(error) = self
            .finish(prepared, request, (reply, MessageStatus::Incomplete))
            .await
        {
            tracing::error!(error = error.chain(), "a broken answer was not stored");
        }
    }

    fn nothing_found(&self, answerer: &Answerer) -> ChatReply {
        let model = match answerer {
            Answerer::Extractive => super::models::EXTRACTIVE.to_owned(),
            Answerer::Llm(provider) => provider.model().to_owned(),
        };
        let text = NOT_FOUND.to_owned();
        ChatReply {
            text,
            model,
            finish_reason: FinishReason::Stop,
            usage: Usage::default(),
        }
    }

    fn asked(&self, answerer: &Answerer, request: &ChatRequest) -> Asked {
        let model = match answerer {
            Answerer::Extractive => super::models::EXTRACTIVE,
            // A model that a caller names is not a label: anybody could make as many as they like.
            Answerer::Llm(provider) if request.model.is_none() => provider.model(),
            Answerer::Llm(_) => "other",
        };
        Asked::begin(&self.parts.metrics, name_of(answerer), model)
    }
}

fn name_of(answerer: &Answerer) -> &str {
    match answerer {
        Answerer::Extractive => super::models::EXTRACTIVE,
        Answerer::Llm(provider) => provider.name(),
    }
}

fn llm_request(
    prepared: &Prepared,
    request: &ChatRequest,
    max_tokens: u32,
) -> provider::ChatRequest {
    provider::ChatRequest {
        messages: prompt::messages(&prepared.sources, &prepared.history, &request.question),
        model: request.model.clone(),
        temperature: request.temperature,
        max_tokens: Some(request.max_tokens.unwrap_or(max_tokens)),
    }
}

fn session_id(room: &Room) -> String {
    match &room.session_key {
        Some(key) => key.as_str().to_owned(),
        None => room.id.to_string(),
    }
}

/// From the cosine of unrelated texts (about 0.1 with the local model) to that of a close paraphrase.
fn fit_of_cosine(cosine: f64) -> f64 {
    ((cosine - 0.1) / 0.6).clamp(0.0, 1.0)
}

/// The part of `question`'s distinct terms (stemmed, without stop words) that `text` has.
fn coverage(question: &str, text: &str, counter: &TermCounter) -> f64 {
    let wanted: HashSet<u32> = counter
        .count(question)
        .iter()
        .map(|(term, _)| term)
        .collect();
    if wanted.is_empty() {
        return 0.0;
    }
    let held: HashSet<u32> = counter.count(text).iter().map(|(term, _)| term).collect();
    wanted.intersection(&held).count() as f64 / wanted.len() as f64
}

/// The words of a text, each with the white space behind it.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}
