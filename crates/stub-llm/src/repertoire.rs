//! Answers as bytes, ready to be sent. An answer whose text does not depend on the request is put
//! into its shape once and kept, so that serving it again costs next to nothing.

use super::call::Asked;
use super::dialect::Answer;
use bytes::{Bytes, BytesMut};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// How many answers are kept; a benchmark needs one or two.
const KEPT: usize = 16;
/// An answer of more tokens than this is made anew each time.
const LONGEST_KEPT: usize = 8_192;

/// One answer: all of it, and the pieces in which a stream has it.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) all: Bytes,
    pub(super) pieces: Arc<[Bytes]>,
    /// Which of the pieces are tokens.
    pub(super) content: Range<usize>,
    /// How many tokens the text has.
    pub(super) tokens: usize,
}

impl Prepared {
    /// Puts `tokens` into the shape that was asked for.
    pub(super) fn new(asked: &Asked, tokens: &[String], ended: bool) -> Self {
        let answer = Answer {
            model: &asked.model,
            tokens,
            prompt_tokens: asked.prompt_tokens,
            include_usage: asked.include_usage,
            ended,
        };
        if asked.stream {
            Self::stream(asked, &answer)
        } else {
            let all = Bytes::from(asked.vendor.dialect().whole(&answer).to_string());
            Self {
                pieces: Arc::new([all.clone()]),
                all,
                content: 0..1,
                tokens: tokens.len(),
            }
        }
    }

    fn stream(asked: &Asked, answer: &Answer<'_>) -> Self {
        let pieces = asked.vendor.dialect().pieces(answer);
        let begin = pieces.opening.len();
        let content = begin..begin + pieces.content.len();
        let texts = [pieces.opening, pieces.content, pieces.closing].concat();
        let mut all = BytesMut::with_capacity(texts.iter().map(String::len).sum());
        texts
            .iter()
            .for_each(|text| all.extend_from_slice(text.as_bytes()));
        let all = all.freeze();
        let mut rest = all.clone();
        let pieces = texts.iter().map(|text| rest.split_to(text.len())).collect();
        Self {
            all,
            pieces,
            tokens: content.len(),
            content,
        }
    }
}

/// The answers that are kept.
#[derive(Debug, Default)]
pub(super) struct Repertoire {
    kept: Mutex<Vec<(Asked, Prepared)>>,
}

impl Repertoire {
    /// The answer of `tokens` to what was asked, made at most once while it is kept. The caller
    /// always gives the same tokens.
    pub(super) fn get(&self, asked: &Asked, tokens: &[String]) -> Prepared {
        if let Some((_, prepared)) = self.lock().iter().find(|(kept, _)| kept == asked) {
            return prepared.clone();
        }
        // Made outside of the lock; two may make it, and one is kept twice until the next clearing.
        let prepared = Prepared::new(asked, tokens, true);
        if tokens.len() <= LONGEST_KEPT {
            let mut kept = self.lock();
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.push((asked.clone(), prepared.clone()));
        }
        prepared
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Asked, Prepared)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::Vendor;
    use super::*;

    fn asked(stream: bool) -> Asked {
        Asked {
            vendor: Vendor::OpenAi,
            model: "m-1".to_owned(),
            stream,
            include_usage: false,
            prompt_tokens: 7,
        }
    }

    #[test]
    fn an_answer_is_made_once_and_the_pieces_are_the_whole() {
        let repertoire = Repertoire::default();
        let tokens = ["Yes".to_owned(), " so".to_owned()];
        let first = repertoire.get(&asked(true), &tokens);
        let again = repertoire.get(&asked(true), &tokens);
        assert_eq!(first.all.as_ptr(), again.all.as_ptr());
        assert_eq!(first.pieces.concat(), first.all);
        assert_eq!(first.tokens, 2);
        assert!(first.pieces[first.content.clone()][1].ends_with(b"\n\n"));
        let whole = repertoire.get(&asked(false), &tokens);
        assert_ne!(whole.all, first.all);
    }

    #[test]
    fn only_so_many_are_kept() {
        let repertoire = Repertoire::default();
        for prompt_tokens in 0..100 {
            let asked = Asked {
                prompt_tokens,
                ..asked(false)
            };
            repertoire.get(&asked, &[]);
        }
        assert!(repertoire.lock().len() <= KEPT);
    }
}
