//! The shapes of OpenAI's API as the OpenAPI document shows them. Requests are read with every field
//! that they have, and answers are often a provider's own, so nothing is made of these types.

#![expect(dead_code, reason = "the OpenAPI document alone is made of them")]

use utoipa::ToSchema;
use uuid::Uuid;

/// A conversation to be answered. Fields that are not here are passed to the provider.
#[derive(ToSchema)]
pub(super) struct CompletionRequest {
    /// `ragd` (from the documents), `extractive`, `provider/model`, or a provider's model.
    #[schema(example = "ragd")]
    model: String,
    /// OpenAI's messages: role and content, pictures and tool calls included.
    #[schema(value_type = Vec<Object>, min_items = 1)]
    messages: Vec<()>,
    /// Whether the answer comes as events while it is made.
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f32>,
    /// The longest answer, in the model's tokens; also `max_completion_tokens`.
    max_tokens: Option<u32>,
    /// Answer from the documents, by the model that `model` names: `true`, or how.
    #[schema(value_type = Option<RetrievalOptions>)]
    ragd: Option<()>,
}

/// What a stream tells beside the answer.
#[derive(ToSchema)]
pub(super) struct StreamOptions {
    /// Whether the last chunk says what the answer took.
    include_usage: Option<bool>,
}

/// How an answer is made from the documents.
#[derive(ToSchema)]
pub(super) struct RetrievalOptions {
    /// Only this collection's documents.
    collection: Option<String>,
    /// The session that it belongs to; it remembers the turns before by itself.
    session_id: Option<String>,
    #[schema(minimum = 1, maximum = 100)]
    top_k: Option<u32>,
    provider: Option<String>,
    model: Option<String>,
}

/// An answer: OpenAI's `chat.completion`. The last two fields are there when it was made from the
/// documents; `choices[0].message.annotations` then marks each citation.
#[derive(ToSchema)]
pub(super) struct Completion {
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
    citations: Option<Vec<CompletionCitation>>,
    ragd: Option<CompletionDetails>,
}

/// A cited source.
#[derive(ToSchema)]
pub(super) struct CompletionCitation {
    /// The `n` of its marker, from 1.
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

/// What only ragd has to say of an answer.
#[derive(ToSchema)]
pub(super) struct CompletionDetails {
    grounded: bool,
    confidence: f64,
    session_id: String,
    message_id: Uuid,
    provider: String,
    model: String,
    degraded: Vec<String>,
}

/// Texts to make vectors of.
#[derive(ToSchema)]
pub(super) struct EmbeddingRequest {
    /// The id of the model that ragd works with, or `provider/model`.
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
pub(super) struct EmbeddingList {
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
