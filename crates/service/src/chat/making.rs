//! How an answer is made, whoever asked: look in the response cache, find the sources, ask the
//! provider, check what it says. Nothing here belongs to a session or is stored in one, so several
//! callers may share it.

use super::draft::Draft;
use super::extract::EXTRACTIVE;
use super::flight::Teller;
use super::request::Source;
use super::response_cache::ResponseKey;
use super::{Answer, Chat, ChatRequest, CitationStatus, prompt, sanitize, sources};
use crate::retrieval::{RetrievalRequest, RetrievalScope};
use futures_util::StreamExt;
use ragd_core::domain::{Message, ReadScope, Room};
use ragd_core::error::{Error, Result};
use ragd_index::{QueryVector, TermCounter};
use ragd_language::citation::strip_unknown_markers;
use ragd_language::extractive::NOT_FOUND;
use ragd_llm::{
    Answering, FinishReason, Route, RouteError, RouteErrorKind, Served, StreamEvent, Usage,
};
use std::collections::HashSet;
use std::sync::Arc;

/// What is asked, by whom, after which turns, and of whom.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) request: ChatRequest,
    pub(super) read: ReadScope,
    /// Where it is asked.
    pub(super) room: Room,
    /// The turns before, oldest first.
    pub(super) history: Vec<Message>,
    pub(super) route: Route,
    /// Whether the answer is wanted while it is made.
    pub(super) streamed: bool,
}

/// What was found for a question.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) sources: Vec<Source>,
    /// How well each source fits the question, 0–1.
    fits: Vec<f64>,
    question_vector: Option<QueryVector>,
    degraded: Vec<&'static str>,
}

/// What was said, and by whom.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) finish_reason: FinishReason,
    pub(super) usage: Usage,
    /// The model, as its provider names it.
    pub(super) model: String,
    pub(super) served: Served,
}

impl Said {
    fn without_a_model(text: String, served: Served) -> Self {
        Self {
            text,
            finish_reason: FinishReason::Stop,
            usage: Usage::default(),
            model: served.model.clone(),
            served,
        }
    }
}

impl Chat {
    /// Makes an answer, or takes the one that was kept under `key`.
    pub(super) async fn make(
        self,
        asking: Asking,
        key: Option<ResponseKey>,
        teller: Teller,
    ) -> Result<Draft> {
        let Some(key) = key else {
            return self.make_anew(&asking, &teller).await;
        };
        let kept = self.parts.responses.get(&key).await;
        if let Ok(Some(draft)) = kept {
            self.count_hit();
            return Ok(draft);
        }
        self.count_miss();
        // An index that is behind would give an answer of an older corpus than its key says.
        let is_level = self.parts.retrieval.has_followed(key.generation());
        let mut draft = self.make_anew(&asking, &teller).await?;
        let missing = match kept {
            Ok(_) if is_level && draft.may_be_kept() => {
                self.parts.responses.put(&key, &draft).await.is_err()
            }
            Ok(_) => false,
            Err(_) => true,
        };
        if missing {
            draft.degraded.push("cache");
        }
        Ok(draft)
    }

    async fn make_anew(&self, asking: &Asking, teller: &Teller) -> Result<Draft> {
        let found = Arc::new(self.find(asking).await?);
        teller.send_modify(|progress| progress.found = Some(Arc::clone(&found)));
        let said = self.ask(asking, &found, teller).await?;
        self.judge(&found, said).await
    }

    async fn find(&self, asking: &Asking) -> Result<Found> {
        let request = &asking.request;
        let count = self.source_count(request);
        let mut retrieved = self
            .parts
            .retrieval
            .search(&RetrievalRequest {
                query: request.question.clone().into(),
                read: asking.read.clone(),
                collection: request.collection.clone(),
                scope: RetrievalScope::Documents,
                rooms: None,
                limit: count * sources::CANDIDATES_PER_SOURCE,
            })
            .await?;
        retrieved.hits = sources::choose(retrieved.hits, count);
        self.recall_into((&mut retrieved, count), asking).await;
        let question = request.question.as_str();
        let hits = retrieved.hits.iter().enumerate();
        let sources = hits.map(|(at, hit)| Source::of_hit(at + 1, hit)).collect();
        let fits = retrieved
            .hits
            .iter()
            .map(|hit| self.fit(question, hit, retrieved.query_vector.is_some()))
            .collect();
        Ok(Found {
            sources,
            fits,
            question_vector: retrieved.query_vector,
            degraded: retrieved.degraded,
        })
    }

    async fn ask(&self, asking: &Asking, found: &Found, teller: &Teller) -> Result<Said> {
        let route = &asking.route;
        if found.sources.is_empty() {
            let text = NOT_FOUND.to_owned();
            return Ok(Said::without_a_model(text, nobody(asking)));
        }
        // Nobody is left either when operators have switched everybody off: that is an outage.
        if route.asks_nobody() && route.ends_extractive() {
            return self.extract(asking, found, Served::default()).await;
        }
        let call = self.call(asking, found)?;
        let router = &self.parts.router;
        let said = if asking.streamed {
            match router.stream(route, &call).await {
                Ok(answering) => return told(answering, teller).await,
                Err(error) => Err(error),
            }
        } else {
            let answered = router.complete(route, &call).await;
            answered.map(|answered| Said {
                text: answered.reply.text,
                finish_reason: answered.reply.finish_reason,
                usage: answered.reply.usage,
                model: answered.reply.model,
                served: answered.served,
            })
        };
        match said {
            Err(error) if route.ends_extractive() && is_an_outage(&error) => {
                tracing::warn!("{error}; the sources answer by themselves");
                let served = Served {
                    attempts: error.attempts,
                    is_fallback: true,
                    ..Served::default()
                };
                self.extract(asking, found, served).await
            }
            said => answered_in_text(said?),
        }
    }

    /// The answer of the sources by themselves, after what `before` says.
    async fn extract(&self, asking: &Asking, found: &Found, before: Served) -> Result<Said> {
        let question = asking.request.question.as_str();
        let vector = found.question_vector.as_ref();
        let text = self
            .extract_answer(question, &found.sources, vector)
            .await?;
        let served = Served {
            provider: EXTRACTIVE.to_owned(),
            model: EXTRACTIVE.to_owned(),
            ..before
        };
        Ok(Said::without_a_model(text, served))
    }

    fn call(&self, asking: &Asking, found: &Found) -> Result<ragd_llm::ChatRequest> {
        let request = &asking.request;
        let messages = prompt::messages(&found.sources, &asking.history, &request.question);
        let max_tokens = self.max_tokens(request);
        ragd_llm::ChatRequest::of_messages(&messages)
            .and_then(|call| call.with("temperature", request.temperature.as_ref()))
            .and_then(|call| call.with("max_tokens", Some(&max_tokens)))
            .map_err(|error| Error::internal("the prompt is no JSON").with_source(error))
    }

    /// Checks the citations of what was said and judges it.
    pub(super) async fn judge(&self, found: &Found, said: Said) -> Result<Draft> {
        let mut sources = found.sources.clone();
        let known = strip_unknown_markers(&said.text, sources.len());
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
                let fit = found.fits.get(citation.citation_index - 1);
                citation.score * (0.5 + 0.5 * fit.copied().unwrap_or(0.0))
            })
            .fold(None, |best: Option<f64>, one| {
                Some(best.map_or(one, |best| best.max(one)))
            });
        let mut degraded = found.degraded.clone();
        if said.served.is_fallback {
            degraded.push(Answer::FALLBACK);
        }
        Ok(Draft {
            answer: text,
            sources,
            grounded: confidence.is_some(),
            confidence: confidence.unwrap_or(0.0),
            citations,
            provider: said.served.provider,
            model: said.model,
            asked_model: said.served.model,
            usage: said.usage,
            degraded,
            is_whole: said.finish_reason == FinishReason::Stop,
            attempts: said.served.attempts,
            upstream: said.served.upstream,
        })
    }

    /// How many sources the answer may use.
    pub(super) fn source_count(&self, request: &ChatRequest) -> usize {
        let by_default = usize::try_from(self.settings.top_k).unwrap_or(1);
        request.top_k.map_or(by_default, |top_k| top_k.get())
    }

    /// The longest answer, in the model's tokens.
    pub(super) fn max_tokens(&self, request: &ChatRequest) -> u32 {
        request.max_tokens.unwrap_or(self.settings.max_tokens)
    }
}

/// Tells every piece of a streamed answer as it comes, and gives the whole at its end.
async fn told(answering: Answering, teller: &Teller) -> Result<Said> {
    let Answering { mut events, served } = answering;
    teller.send_modify(|progress| progress.served = Some(served.clone()));
    let mut text = String::new();
    let mut ending = Err(unanswered("the stream did not end"));
    while let Some(event) = events.next().await {
        match event {
            Ok(StreamEvent::Piece(piece)) if piece.text.is_empty() => {}
            Ok(StreamEvent::Piece(piece)) => {
                text.push_str(&piece.text);
                teller.send_modify(|progress| progress.tokens.push(piece.text));
            }
            Ok(StreamEvent::Done(done)) => ending = Ok(done),
            Err(error) => ending = Err(unanswered(&error.to_string())),
        }
    }
    ending.and_then(|done| {
        answered_in_text(Said {
            text,
            finish_reason: done.finish_reason,
            usage: done.usage,
            model: done.model,
            served,
        })
    })
}

/// A question is answered in words: no tool was offered.
fn answered_in_text(said: Said) -> Result<Said> {
    if said.text.trim().is_empty() {
        let provider = &said.served.provider;
        return Err(unanswered(&format!("{provider}: the answer has no text")));
    }
    Ok(said)
}

fn unanswered(message: &str) -> Error {
    Error::unavailable(message).with_code("llm_unavailable")
}

/// Whether nobody answered, and not because of what was asked.
fn is_an_outage(error: &RouteError) -> bool {
    !matches!(error.kind, RouteErrorKind::Refused(_))
}

/// Who is named where no upstream was asked.
pub(super) fn nobody(asking: &Asking) -> Served {
    let route = &asking.route;
    Served {
        provider: route.provider().to_owned(),
        model: route.model().to_owned(),
        ..Served::default()
    }
}

/// From the cosine of unrelated texts (about 0.1 with the local model) to that of a close paraphrase.
pub(super) fn fit_of_cosine(cosine: f64) -> f64 {
    ((cosine - 0.1) / 0.6).clamp(0.0, 1.0)
}

/// The part of `question`'s distinct terms (stemmed, without stop words) that `text` has.
pub(super) fn coverage(question: &str, text: &str, counter: &TermCounter) -> f64 {
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
