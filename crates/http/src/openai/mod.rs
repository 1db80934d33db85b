//! The routes for clients of OpenAI's API: `/v1/chat/completions`, `/v1/models`, `/v1/embeddings`. Requests
//! for model `ragd`, or with a field `ragd`, are answered from the documents like `/chat`; every other
//! model is passed to its provider, behind the same breakers. Failures have OpenAI's form.

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
mod sse;
mod types;

pub(super) use chat::{__path_complete, complete};
pub(super) use embeddings::{__path_create, create};
pub(super) use models::{__path_get, __path_list, get, list};
