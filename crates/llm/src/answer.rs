//! The received part of a streamed answer: holds back what comes before content, so that another
//! provider may still be called, gives the pieces out in one envelope, and decides at the end whether
//! there was an answer at all.

use super::openai::Envelope;
use super::wire::Chunk;
use super::{FinishReason, Piece, StreamEnd, Usage};
use serde_json::json;
use std::collections::VecDeque;

/// The most bytes of white space and other non-content that are held back.
const MAX_HELD_BYTES: usize = 64 << 10;

pub(super) struct Answer {
    envelope: Envelope,
    model: String,
    usage: Usage,
    usage_json: Option<String>,
    finish_reason: Option<FinishReason>,
    /// Content of any kind has come.
    started: bool,
    /// White space from before the first word: it goes out with that word, so that an answer of
    /// nothing else can still be dropped for another provider's.
    held: Vec<Piece>,
    held_bytes: usize,
    has_text: bool,
    has_other: bool,
    has_answer: bool,
    is_refused: bool,
    /// A piece named the finish reason.
    end_shown: bool,
    ending: Option<StreamEnd>,
}

impl Answer {
    /// Nothing yet, from `asked_model`.
    pub fn new(envelope: Envelope, asked_model: String) -> Self {
        Self {
            envelope,
            model: asked_model,
            usage: Usage::default(),
            usage_json: None,
            finish_reason: None,
            started: false,
            held: Vec::new(),
            held_bytes: 0,
            has_text: false,
            has_other: false,
            has_answer: false,
            is_refused: false,
            end_shown: false,
            ending: None,
        }
    }

    /// Whether content of any kind has come.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// Whether the reason to stop has come.
    pub fn has_ended(&self) -> bool {
        self.finish_reason.is_some()
    }

    /// Takes a chunk in, whose event had `data`; adds what may be passed on to `ready`.
    pub fn take(&mut self, mut chunk: Chunk, data: String, ready: &mut VecDeque<Piece>) {
        self.finish_reason = chunk.finish_reason.or(self.finish_reason);
        self.usage = chunk.usage.unwrap_or(self.usage);
        if chunk.usage_json.is_some() {
            self.usage_json = chunk.usage_json.take();
        }
        if let Some(model) = &chunk.model
            && *model != self.model
        {
            self.model.clone_from(model);
        }
        self.has_text |= !chunk.text.trim().is_empty();
        self.has_other |= chunk.other_content;
        self.has_answer |= chunk.has_answer;
        self.is_refused |= chunk.is_refusal;
        let is_content = !chunk.text.is_empty() || chunk.other_content;
        let shows = is_content || self.started || chunk.finish_reason.is_some();
        let Some(json) = self.envelope.shown(&chunk, data).filter(|_| shows) else {
            return;
        };
        self.end_shown |= chunk.finish_reason.is_some();
        let piece = Piece {
            text: chunk.text,
            json,
        };
        if self.started {
            ready.push_back(piece);
        } else {
            self.hold(piece, chunk.names_role);
            self.start(ready);
        }
    }

    /// Keeps a piece back; the first one is preceded by the role.
    fn hold(&mut self, piece: Piece, names_role: bool) {
        if self.held.is_empty() && !names_role {
            self.held.push(Piece {
                text: String::new(),
                json: self.envelope.role(),
            });
        }
        self.held_bytes += piece.json.len();
        self.held.push(piece);
    }

    /// Gives out what was held back, if there is content now.
    fn start(&mut self, ready: &mut VecDeque<Piece>) {
        if self.has_text || self.has_other || self.held_bytes > MAX_HELD_BYTES {
            self.started = true;
            ready.extend(self.held.drain(..));
        }
    }

    /// A filter of the upstream ended it, whatever has come.
    pub fn end_filtered(&mut self) {
        self.finish_reason = Some(FinishReason::ContentFilter);
    }

    /// The stream has ended as it should; what is still missing is added to `ready`.
    ///
    /// # Errors
    /// The reason, when there was no answer.
    pub fn complete(&mut self, ready: &mut VecDeque<Piece>) -> Result<(), String> {
        let reason = self.finish_reason.unwrap_or_default();
        let is_cut = matches!(reason, FinishReason::Length | FinishReason::ContentFilter);
        let is_visible =
            self.has_text || self.has_answer || reason == FinishReason::ToolCalls && self.has_other;
        if !is_visible && !is_cut {
            return Err(format!(
                "the answer is empty (it ended with {})",
                reason.as_str()
            ));
        }
        if !self.started {
            self.started = true;
            if self.held.is_empty() {
                ready.push_back(Piece {
                    text: String::new(),
                    json: self.envelope.role(),
                });
            }
            ready.extend(self.held.drain(..));
        }
        if !self.end_shown {
            ready.push_back(Piece {
                text: String::new(),
                json: self.envelope.end(reason),
            });
        }
        let usage = match self.usage_json.take() {
            Some(usage) if !usage.contains('\n') => usage,
            _ => json!(self.usage).to_string(),
        };
        self.ending = Some(StreamEnd {
            finish_reason: reason,
            is_withheld: self.is_refused || !is_visible,
            usage: self.usage,
            usage_chunk: self.envelope.usage(&usage),
            model: std::mem::take(&mut self.model),
        });
        Ok(())
    }

    /// How it ended, once.
    pub fn take_ending(&mut self) -> Option<StreamEnd> {
        self.ending.take()
    }
}
