//! A question and its answer as JSON, and the events of a streamed answer.

use crate::extract::Whole;
use ragd_core::domain::{Collection, Question, SessionKey, TopK};
use ragd_core::error::{Error, Result};
use ragd_service::chat::{Answer, ChatRequest, Citation, Origin, Source};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest name of a model or provider, in characters.
const MAX_NAME_CHARS: usize = 128;

/// A question.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AskRequest {
    #[schema(
        min_length = 1,
        max_length = 8000,
        example = "How long is the guarantee?"
    )]
    pub(crate) question: String,
    /// The conversation to continue; without it a new one begins.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) session_id: Option<String>,
    /// Search only this collection.
    #[schema(example = "default")]
    pub(crate) collection: Option<String>,
    /// Default: the provider's model.
    pub(crate) model: Option<String>,
    /// Default: the default provider.
    pub(crate) provider: Option<String>,
    /// The most sources that the answer may use.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(crate) top_k: Option<Whole<1, 100>>,
    #[schema(minimum = 0, maximum = 2)]
    pub(crate) temperature: Option<f32>,
    /// The longest answer, in tokens of the model.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000000)]
    pub(crate) max_tokens: Option<Whole<1, 1_000_000>>,
}

/// An answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerResponse {
    /// The answer; `[n]` cites the source of the text before it.
    answer: String,
    sources: Vec<AnswerSource>,
    /// Every citation marker, checked against its source.
    citations: Vec<AnswerCitation>,
    /// Whether the answer has at least one supported citation.
    grounded: bool,
    /// The confidence, 0–1.
    confidence: f64,
    session_id: String,
    message_id: Uuid,
    provider: String,
    model: String,
    usage: TokenUsage,
    /// What was unavailable: `vector`, `provider_fallback`, …
    degraded: Vec<&'static str>,
    /// What was searched: the question, or how it stands without the conversation before it.
    searched: String,
}

/// A numbered source.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerSource {
    /// The number of its markers, from 1.
    citation_index: usize,
    passage_id: Uuid,
    /// Its document; null for a message of the conversation.
    document_id: Option<Uuid>,
    /// The message of the conversation; null for a document.
    message_id: Option<Uuid>,
    title: String,
    uri: String,
    /// The page on which the passage begins, from 1.
    page: Option<i64>,
    /// The headings above the passage, outermost first.
    heading: String,
    /// Where the passage begins in the document's text, in characters.
    char_start: i64,
    /// Where it ends (exclusive).
    char_end: i64,
    text: String,
    /// How well it matches the question.
    score: f64,
    /// Whether the answer cites it.
    cited: bool,
}

/// A citation marker of the answer, checked against its source.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerCitation {
    citation_index: usize,
    /// The claim that it stands for.
    claim: String,
    /// `supported` or `unsupported`.
    #[schema(value_type = String, example = "supported")]
    status: ragd_service::chat::CitationStatus,
    /// How much of the claim the source supports, 0–1.
    score: f64,
    /// Why it is unsupported: `number`, `negation`, `entity` or `words`.
    reason: Option<&'static str>,
}

/// The tokens of an answer, as the model counts them.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

/// The data of event `metadata`: the conversation and the sources, before the first token.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerMetadataEvent {
    pub(super) session_id: String,
    /// What was searched: the question, or how it stands without the conversation before it.
    pub(super) searched: String,
    pub(super) sources: Vec<AnswerSource>,
}

/// The data of event `token`: the next part of the answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerTokenEvent {
    pub(super) token: String,
}

/// The data of event `error`, which ends a stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerErrorEvent {
    pub(super) code: String,
    pub(super) message: String,
    /// Whether a part of the answer was sent before.
    pub(super) partial: bool,
}

/// The data of an event of a streamed answer, as JSON. The event's name tells which one it is: first
/// `metadata`, then `token` any number of times, then `done` (the whole answer) or `error`. Comments
/// (`: ping`) keep a silent stream open.
#[derive(Serialize, strum::IntoStaticStr, ToSchema)]
#[serde(untagged)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum AnswerEvent {
    /// Event `metadata`.
    Metadata(AnswerMetadataEvent),
    /// Event `token`.
    Token(AnswerTokenEvent),
    /// Event `done`.
    Done(Box<AnswerResponse>),
    /// Event `error`.
    Error(AnswerErrorEvent),
}

impl AskRequest {
    /// The question, with every field checked.
    ///
    /// # Errors
    /// `Invalid` with the field and its limit.
    pub(crate) fn into_request(self) -> Result<ChatRequest> {
        let temperature = self.temperature;
        if temperature.is_some_and(|degree| !(0.0..=2.0).contains(&degree)) {
            return Err(Error::invalid("temperature: must be between 0 and 2"));
        }
        let top_k = self
            .top_k
            .map(|Whole(count)| TopK::parse("top_k", count.into()));
        Ok(ChatRequest {
            question: Question::parse(&self.question)?,
            session: self
                .session_id
                .as_deref()
                .map(SessionKey::parse)
                .transpose()?,
            history: None,
            room: None,
            collection: self
                .collection
                .as_deref()
                .map(Collection::parse)
                .transpose()?,
            model: name("model", self.model)?,
            provider: name("provider", self.provider)?,
            top_k: top_k.transpose()?,
            temperature,
            max_tokens: self.max_tokens.map(|Whole(count)| count),
            origin: Origin::default(),
        })
    }
}

fn name(field: &str, value: Option<String>) -> Result<Option<String>> {
    let is_name = |value: &String| {
        (1..=MAX_NAME_CHARS).contains(&value.chars().count())
            && !value.chars().any(char::is_control)
    };
    match value {
        Some(value) if !is_name(&value) => Err(Error::invalid(format!(
            "{field}: must be 1 to {MAX_NAME_CHARS} characters, none of them control characters"
        ))),
        value => Ok(value),
    }
}

impl From<Answer> for AnswerResponse {
    fn from(answer: Answer) -> Self {
        let draft = Arc::unwrap_or_clone(answer.draft);
        Self {
            answer: draft.text,
            sources: draft.sources.into_iter().map(AnswerSource::from).collect(),
            citations: draft
                .citations
                .into_iter()
                .map(AnswerCitation::from)
                .collect(),
            grounded: draft.grounded,
            confidence: draft.confidence,
            session_id: answer.session_id,
            message_id: answer.message_id.uuid(),
            provider: draft.provider,
            model: draft.model,
            usage: TokenUsage {
                prompt_tokens: draft.usage.prompt_tokens,
                completion_tokens: draft.usage.completion_tokens,
                total_tokens: draft.usage.total_tokens,
            },
            degraded: draft.degraded,
            searched: draft.searched,
        }
    }
}

impl From<Source> for AnswerSource {
    fn from(source: Source) -> Self {
        Self {
            citation_index: source.citation_index,
            passage_id: source.passage_id.uuid(),
            document_id: source.document_id.map(|id| id.uuid()),
            message_id: source.message_id.map(|id| id.uuid()),
            title: source.title,
            uri: source.uri,
            page: source.page,
            heading: source.heading,
            char_start: source.char_start,
            char_end: source.char_end,
            text: source.text,
            score: source.score,
            cited: source.cited,
        }
    }
}

impl From<Citation> for AnswerCitation {
    fn from(citation: Citation) -> Self {
        let Citation {
            citation_index,
            claim,
            status,
            score,
            reason,
        } = citation;
        Self {
            citation_index,
            claim,
            status,
            score,
            reason: reason.map(Into::into),
        }
    }
}
