//! How an answer is made, whoever asked: look in the response cache, find the sources, ask the
//! provider, check what it says. Nothing here belongs to a session or is stored in one, so several
//! callers may share it.

use super::answering::Asked;
use super::draft::Draft;
use super::flight::Teller;
use super::models::Answerer;
use super::request::Source;
use super::response_cache::ResponseKey;
use super::{Chat, ChatRequest, CitationStatus, prompt, sanitize, sources};
use crate::citation::strip_unknown_markers;
use crate::domain::{Message, ReadScope, Room};
use crate::error::{Error, Result};
use crate::index::{QueryVector, TermCounter};
use crate::provider::extractive::NOT_FOUND;
use crate::provider::{self, ChatReply, FinishReason, Provider, StreamEvent, Usage};
use crate::retrieval::{RetrievalRequest, RetrievalScope};
use futures_util::StreamExt;
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
    pub(super) answerer: Answerer,
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
        let asked = self.asked(asking);
        let reply = self.ask(asking, &found, (&asked, teller)).await;
        // Without sources nobody was asked.
        if !found.sources.is_empty() {
            asked.record_result(&reply);
        }
        self.judge(&found, &asking.answerer, reply?).await
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

    async fn ask(
        &self,
        asking: &Asking,
        found: &Found,
        (asked, teller): (&Asked, &Teller),
    ) -> Result<ChatReply> {
        match &asking.answerer {
            answerer if found.sources.is_empty() => Ok(nothing_found(answerer)),
            Answerer::Extractive => {
                let question = asking.request.question.as_str();
                let vector = found.question_vector.as_ref();
                self.extract_answer(question, &found.sources, vector).await
            }
            Answerer::Llm(provider) => {
                let call = self.call(asking, found);
                if asking.streamed {
                    stream(provider, &call, (asked, teller)).await
                } else {
                    provider.complete(&call).await.map_err(Error::from)
                }
            }
        }
    }

    fn call(&self, asking: &Asking, found: &Found) -> provider::ChatRequest {
        let request = &asking.request;
        provider::ChatRequest {
            messages: prompt::messages(&found.sources, &asking.history, &request.question),
            model: request.model.clone(),
            temperature: request.temperature,
            max_tokens: Some(self.max_tokens(request)),
        }
    }

    /// Checks the reply's citations and judges it.
    pub(super) async fn judge(
        &self,
        found: &Found,
        answerer: &Answerer,
        reply: ChatReply,
    ) -> Result<Draft> {
        let mut sources = found.sources.clone();
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
                let fit = found.fits.get(citation.citation_index - 1);
                citation.score * (0.5 + 0.5 * fit.copied().unwrap_or(0.0))
            })
            .fold(None, |best: Option<f64>, one| {
                Some(best.map_or(one, |best| best.max(one)))
            });
        Ok(Draft {
            answer: text,
            sources,
            grounded: confidence.is_some(),
            confidence: confidence.unwrap_or(0.0),
            citations,
            provider: answerer.name().to_owned(),
            model: reply.model,
            usage: reply.usage,
            degraded: found.degraded.clone(),
            is_whole: reply.finish_reason == FinishReason::Stop,
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

    fn asked(&self, asking: &Asking) -> Asked {
        let model = match &asking.answerer {
            // A model that a caller names is not a label: anybody could make as many as they like.
            Answerer::Llm(_) if asking.request.model.is_some() => "other",
            answerer => answerer.model(),
        };
        Asked::begin(&self.parts.metrics, asking.answerer.name(), model)
    }
}

/// Asks for a streamed answer, and tells every piece of it as it comes.
async fn stream(
    provider: &Provider,
    call: &provider::ChatRequest,
    (asked, teller): (&Asked, &Teller),
) -> Result<ChatReply> {
    let mut events = provider.stream(call).await?;
    let mut text = String::new();
    let mut ending = Err(Error::unavailable("the stream did not end").with_code("llm_unavailable"));
    while let Some(event) = events.next().await {
        match event {
            Ok(StreamEvent::Delta(delta)) => {
                asked.first_content();
                text.push_str(&delta);
                teller.send_modify(|progress| progress.tokens.push(delta));
            }
            Ok(StreamEvent::Done {
                finish_reason,
                usage,
                model,
            }) => ending = Ok((finish_reason, usage, model)),
            Err(error) => ending = Err(error.into()),
        }
    }
    ending.map(|(finish_reason, usage, model)| ChatReply {
        text,
        model,
        finish_reason,
        usage,
    })
}

fn nothing_found(answerer: &Answerer) -> ChatReply {
    ChatReply {
        text: NOT_FOUND.to_owned(),
        model: answerer.model().to_owned(),
        finish_reason: FinishReason::Stop,
        usage: Usage::default(),
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
