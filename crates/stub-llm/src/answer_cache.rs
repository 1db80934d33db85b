//! Answers as bytes, ready to be sent. An answer whose text does not depend on the request is written
//! once and kept, so that sending it again costs next to nothing.

use super::chat_request::ChatRequest;
use super::transport::chunk;
use super::wire::Answer;
use bytes::Bytes;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// How many answers are kept; a benchmark needs one or two.
const KEPT: usize = 16;
/// An answer of more tokens than this is made anew each time.
const LONGEST_KEPT: usize = 8_192;

/// One answer: all of it, and the chunks in which a paced stream sends it.
#[derive(Debug, Clone)]
pub(super) struct PreparedAnswer {
    /// The body.
    pub(super) all: Bytes,
    /// The same as chunks of a chunked body; empty unless it is a stream.
    pub(super) chunks: Arc<[Bytes]>,
    /// Which of the chunks are tokens.
    pub(super) content: Range<usize>,
    /// How many tokens the text has.
    pub(super) tokens: usize,
}

impl PreparedAnswer {
    /// Writes `tokens` in the format of the request.
    pub(super) fn new(request: &ChatRequest, tokens: &[String], ended: bool) -> Self {
        let answer = Answer {
            model: &request.model,
            tokens,
            prompt_tokens: request.prompt_tokens,
            include_usage: request.include_usage,
            ended,
        };
        if request.stream {
            Self::stream(request, &answer)
        } else {
            let all = Bytes::from(request.format().whole(&answer).to_string());
            Self {
                all,
                chunks: Arc::new([]),
                content: 0..0,
                tokens: tokens.len(),
            }
        }
    }

    fn stream(request: &ChatRequest, answer: &Answer<'_>) -> Self {
        let pieces = request.format().pieces(answer);
        let begin = pieces.opening.len();
        let content = begin..begin + pieces.content.len();
        let texts = [pieces.opening, pieces.content, pieces.closing].concat();
        Self {
            all: texts.concat().into(),
            chunks: texts.iter().map(|text| chunk(text.as_bytes())).collect(),
            tokens: content.len(),
            content,
        }
    }
}

/// The answers that are kept.
#[derive(Debug, Default)]
pub(super) struct AnswerCache {
    kept: Mutex<Vec<(ChatRequest, PreparedAnswer)>>,
}

impl AnswerCache {
    /// The answer of `tokens` to `request`, made at most once while it is kept. The caller
    /// always gives the same tokens.
    pub(super) fn get(&self, request: &ChatRequest, tokens: &[String]) -> PreparedAnswer {
        if let Some((_, prepared)) = self.lock().iter().find(|(kept, _)| kept == request) {
            return prepared.clone();
        }
        // Made outside of the lock; two may make it, and one is kept twice until the next clearing.
        let prepared = PreparedAnswer::new(request, tokens, true);
        if tokens.len() <= LONGEST_KEPT {
            let mut kept = self.lock();
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.push((request.clone(), prepared.clone()));
        }
        prepared
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(ChatRequest, PreparedAnswer)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::Wire;
    use super::*;

    fn request(stream: bool) -> ChatRequest {
        ChatRequest {
            wire: Wire::OpenAi,
            as_array: false,
            model: "m-1".to_owned(),
            stream,
            include_usage: false,
            prompt_tokens: 7,
        }
    }

    #[test]
    fn an_answer_is_made_once_and_the_pieces_are_the_whole() {
        let cache = AnswerCache::default();
        let tokens = ["Yes".to_owned(), " so".to_owned()];
        let first = cache.get(&request(true), &tokens);
        let again = cache.get(&request(true), &tokens);
        assert_eq!(first.all.as_ptr(), again.all.as_ptr());
        let undo = |chunk: &Bytes| {
            let begin = chunk.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            chunk.slice(begin..chunk.len() - 2)
        };
        let pieces: Vec<Bytes> = first.chunks.iter().map(undo).collect();
        assert_eq!(pieces.concat(), first.all);
        assert_eq!(first.tokens, 2);
        assert!(pieces[first.content.clone()][1].ends_with(b"\n\n"));
        let whole = cache.get(&request(false), &tokens);
        assert_ne!(whole.all, first.all);
    }

    #[test]
    fn only_so_many_are_kept() {
        let cache = AnswerCache::default();
        for prompt_tokens in 0..100 {
            let request = ChatRequest {
                prompt_tokens,
                ..request(false)
            };
            cache.get(&request, &[]);
        }
        assert!(cache.lock().len() <= KEPT);
    }
}
