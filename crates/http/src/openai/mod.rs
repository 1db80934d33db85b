//! The interface for clients of OpenAI's API: `/v1/chat/completions`, `/v1/models`, `/v1/embeddings`.
//! Model `ragd`, or a field `ragd`, is answered from the documents like `/chat`; every other model is
//! passed to its provider, behind the same chain. Failures have OpenAI's shape.

mod annotations;
mod body;
mod chat;
mod cited;
mod cited_stream;
mod embeddings;
mod failure;
mod models;
mod passage;
mod passage_stream;
mod question;
mod schema;
mod sse;

pub(super) use chat::{__path_complete, complete};
pub(super) use embeddings::{__path_create, create};
pub(super) use failure::{OpenAiFailure, OpenAiFailureDetail, as_openai, is_openai};
pub(super) use models::{__path_get, __path_list, get, list};
