//! The types of OpenAI's API for the OpenAPI document. Requests are read with all their fields, and
//! responses are often a provider's own, so no values are made of these types.

#![expect(dead_code, reason = "describes the API in the OpenAPI document")]

use crate::failure::openai::OpenAiStreamFailure;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A conversation to answer. Fields that are not listed here are passed to the provider.
#[derive(ToSchema)]
pub(super) struct ChatCompletionRequest {
    /// `ragd` (from the documents), `extractive`, `provider/model`, or a provider's model.
    #[schema(example = "ragd")]
    model: String,
    /// OpenAI's messages: role and content, pictures and tool calls included.
    #[schema(value_type = Vec<Object>, min_items = 1)]
    messages: Vec<()>,
    /// Whether the response is a stream of events.
    stream: Option<bool>,
    stream_options: Option<ChatCompletionStreamOptions>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// The longest answer, in tokens of the model; also `max_completion_tokens`.
    max_tokens: Option<u32>,
    /// Answer from the documents, with the model that `model` names: `true`, or options.
    #[schema(value_type = Option<RagdOptions>)]
    ragd: Option<()>,
}

/// Options of a stream.
#[derive(ToSchema)]
pub(super) struct ChatCompletionStreamOptions {
    /// Whether the last chunk has the token usage.
    include_usage: Option<bool>,
}

/// Options of an answer from the documents.
#[derive(ToSchema)]
pub(super) struct RagdOptions {
    /// Search only this collection.
    collection: Option<String>,
    /// The session to continue; its history replaces the messages of the request.
    session_id: Option<String>,
    #[schema(minimum = 1, maximum = 100)]
    top_k: Option<u32>,
    provider: Option<String>,
    model: Option<String>,
}

/// An answer: OpenAI's `chat.completion`. Answers from the documents have `citations` and `ragd`, and
/// `choices[0].message.annotations` marks each citation.
#[derive(ToSchema)]
pub(super) struct ChatCompletionResponse {
    id: String,
    /// Always `chat.completion`.
    object: String,
    /// Seconds since 1970.
    created: i64,
    model: String,
    #[schema(value_type = Vec<Object>)]
    choices: Vec<()>,
    #[schema(value_type = Object)]
    usage: (),
    citations: Option<Vec<ChatCompletionCitation>>,
    ragd: Option<Box<ChatCompletionDetails>>,
}

/// The data of an event of a streamed answer; the last event's data is the text `[DONE]` instead.
/// Comments (`: ping`) keep a silent stream open.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ChatCompletionEvent {
    /// A part of the answer.
    Chunk(ChatCompletionChunk),
    /// The error that ends the stream.
    Error(OpenAiStreamFailure),
}

/// A part of a streamed answer: OpenAI's `chat.completion.chunk`. The last chunk of an answer from the
/// documents has `citations` and `ragd`, and `choices[0].delta.annotations` marks each citation. With
/// `stream_options.include_usage` a chunk without choices has `usage`.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatCompletionChunk {
    id: String,
    /// Always `chat.completion.chunk`.
    object: String,
    /// Seconds since 1970.
    created: i64,
    model: String,
    #[schema(value_type = Vec<Object>)]
    choices: Vec<()>,
    #[schema(value_type = Option<Object>)]
    usage: Option<()>,
    citations: Option<Vec<ChatCompletionCitation>>,
    ragd: Option<Box<ChatCompletionDetails>>,
}

/// A cited source.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatCompletionCitation {
    /// The number of its markers, from 1.
    index: usize,
    passage_id: Uuid,
    document_id: Option<Uuid>,
    title: String,
    url: String,
    page: Option<i64>,
    char_start: i64,
    char_end: i64,
    text: String,
    /// `supported` or `unsupported`.
    status: String,
    score: f64,
}

/// ragd's own details of an answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatCompletionDetails {
    grounded: bool,
    confidence: f64,
    session_id: String,
    message_id: Uuid,
    provider: String,
    model: String,
    degraded: Vec<String>,
    /// What was searched: the question, or how it stands without the conversation before it.
    searched: String,
    /// The sources that the answer was made from, cited or not.
    sources: Vec<ChatCompletionSource>,
}

/// A source of an answer by its name.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatCompletionSource {
    /// The number of its markers, from 1.
    index: usize,
    document_id: Option<Uuid>,
    title: String,
    uri: String,
}

/// Texts to embed.
#[derive(ToSchema)]
pub(super) struct EmbeddingRequest {
    /// The id of ragd's own model, or `provider/model`.
    model: String,
    /// A text, a list of up to 2048 texts, or token ids of `cl100k_base` in their place.
    #[schema(value_type = Object)]
    input: (),
    /// `float` (the default) or `base64` (f32, little-endian).
    encoding_format: Option<String>,
    dimensions: Option<u32>,
}

/// Vectors.
#[derive(ToSchema)]
pub(super) struct EmbeddingResponse {
    /// Always `list`.
    object: String,
    data: Vec<EmbeddingItem>,
    model: String,
    #[schema(value_type = Object)]
    usage: (),
}

/// One vector.
#[derive(ToSchema)]
pub(super) struct EmbeddingItem {
    /// Always `embedding`.
    object: String,
    index: usize,
    /// Numbers, or base64 of them.
    #[schema(value_type = Object)]
    embedding: (),
}
