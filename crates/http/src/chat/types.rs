//! A question and its answer as JSON.

use crate::extract::Whole;
use crate::rooms::messages::role;
use ragd_core::domain::{Collection, Question, Role, RoomId, SessionKey, TopK};
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
pub(crate) struct AskBody {
    #[schema(
        min_length = 1,
        max_length = 8000,
        example = "How long is the guarantee?"
    )]
    question: String,
    /// The conversation that it belongs to; left out: a new one.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")]
    session_id: Option<String>,
    /// Only this collection's documents.
    #[schema(example = "default")]
    collection: Option<String>,
    /// Left out: the provider's own.
    model: Option<String>,
    /// Left out: the default.
    provider: Option<String>,
    /// How many sources the answer may use.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    top_k: Option<Whole<1, 100>>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// The longest answer, in the model's tokens.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000000)]
    max_tokens: Option<Whole<1, 1_000_000>>,
}

/// What is said in a room.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SayBody {
    #[schema(min_length = 1, max_length = 8000)]
    content: String,
    /// `user` (the default); `assistant` only with `reply: false`.
    role: Option<String>,
    /// `false`: keep the message and make no answer.
    #[schema(default = true)]
    reply: Option<bool>,
    /// Only this collection's documents.
    #[schema(example = "default")]
    collection: Option<String>,
    /// Left out: the provider's own.
    model: Option<String>,
    /// Left out: the default.
    provider: Option<String>,
    /// How many sources the answer may use.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100)]
    top_k: Option<Whole<1, 100>>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// The longest answer, in the model's tokens.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000000)]
    max_tokens: Option<Whole<1, 1_000_000>>,
}

impl SayBody {
    /// Whether an answer is wanted.
    pub(crate) fn wants_reply(&self) -> bool {
        self.reply.unwrap_or(true)
    }

    /// The message as a question in a room, with every field within its limit.
    ///
    /// # Errors
    /// `Invalid` with the field and its limit.
    pub(crate) fn into_request(self, room: RoomId) -> Result<ChatRequest> {
        if role(self.role.as_deref())? != Role::User {
            return Err(Error::invalid(
                "role: only a user's message is answered; send reply: false",
            ));
        }
        let question = Question::parse_field("content", &self.content)?;
        let body = AskBody {
            question: self.content,
            session_id: None,
            collection: self.collection,
            model: self.model,
            provider: self.provider,
            top_k: self.top_k,
            temperature: self.temperature,
            max_tokens: self.max_tokens,
        };
        Ok(ChatRequest {
            question,
            room: Some(room),
            ..body.into_request()?
        })
    }

    /// The message as one that nobody answers.
    ///
    /// # Errors
    /// `Invalid` with the field and its limit.
    pub(crate) fn into_note(self) -> Result<(Role, Question)> {
        let content = Question::parse_field("content", &self.content)?;
        Ok((role(self.role.as_deref())?, content))
    }
}

/// An answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnswerBody {
    /// The answer; `[n]` marks the source that carries what stands before it.
    answer: String,
    sources: Vec<SourceBody>,
    /// Every marker, checked against its source.
    citations: Vec<CitationBody>,
    /// Whether at least one supported citation carries the answer.
    grounded: bool,
    /// How sure, 0–1.
    confidence: f64,
    session_id: String,
    message_id: Uuid,
    provider: String,
    model: String,
    usage: UsageBody,
    /// What was missing: `vector`, `provider_fallback`, …
    degraded: Vec<&'static str>,
}

/// A numbered source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceBody {
    /// The `n` of its marker, from 1.
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
    /// How well it fits the question.
    score: f64,
    /// Whether the answer cites it.
    cited: bool,
}

/// A marker of the answer, checked.
#[derive(Serialize, ToSchema)]
pub(crate) struct CitationBody {
    citation_index: usize,
    /// What the answer says there.
    claim: String,
    /// `supported` or `unsupported`.
    #[schema(value_type = String, example = "supported")]
    status: ragd_service::chat::CitationStatus,
    /// How much of the claim the source carries, 0–1.
    score: f64,
    /// Why it is unsupported: `number`, `negation`, `entity` or `words`.
    reason: Option<&'static str>,
}

/// What an answer took, in the model's tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageBody {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

impl AskBody {
    /// The question, with every field within its limit.
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

impl From<Answer> for AnswerBody {
    fn from(answer: Answer) -> Self {
        let draft = Arc::unwrap_or_clone(answer.draft);
        Self {
            answer: draft.text,
            sources: draft.sources.into_iter().map(SourceBody::from).collect(),
            citations: draft
                .citations
                .into_iter()
                .map(CitationBody::from)
                .collect(),
            grounded: draft.grounded,
            confidence: draft.confidence,
            session_id: answer.session_id,
            message_id: answer.message_id.uuid(),
            provider: draft.provider,
            model: draft.model,
            usage: UsageBody {
                prompt_tokens: draft.usage.prompt_tokens,
                completion_tokens: draft.usage.completion_tokens,
                total_tokens: draft.usage.total_tokens,
            },
            degraded: draft.degraded,
        }
    }
}

impl From<Source> for SourceBody {
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

impl From<Citation> for CitationBody {
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
