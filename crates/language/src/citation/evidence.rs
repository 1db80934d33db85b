//! A passage prepared for comparison: its sentences with what is above them, and all of its words for
//! names. It is prepared once for all claims that cite it.

use super::names::KnownWords;
use super::token::Token;
use super::tokens::tokens;
use crate::extractive::{ExtractiveSource, candidates};
use std::collections::HashSet;

/// The passage that a marker cites.
#[derive(Debug, Clone, Copy, Default)]
pub struct CitedPassage<'a> {
    /// The document's title; may be empty.
    pub title: &'a str,
    /// The headings above the text; may be empty.
    pub heading: &'a str,
    /// The text.
    pub text: &'a str,
}

/// A passage prepared for comparison.
#[derive(Debug)]
pub struct Evidence {
    pub(super) sentences: Vec<Sentence>,
    /// The stems of the heading and the title.
    pub(super) around: HashSet<String>,
    /// The stems of all of it.
    pub(super) anywhere: HashSet<String>,
    pub(super) names: KnownWords,
}

/// A sentence, a point of a list or a row of a table.
#[derive(Debug)]
pub(super) struct Sentence {
    /// With the term that it describes, as it is embedded.
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    /// Its own stems.
    pub(super) stems: HashSet<String>,
    /// The stems of the heading, question or announcement right above it.
    pub(super) above: HashSet<String>,
}

impl Evidence {
    /// Prepares a passage.
    pub fn read(passage: &CitedPassage<'_>) -> Self {
        let source = ExtractiveSource {
            index: 1,
            title: passage.title,
            heading: passage.heading,
            text: passage.text,
        };
        let mut sentences: Vec<Sentence> = candidates(&[source])
            .into_iter()
            .map(|one| Sentence::new(one.text_to_embed(), &one.context))
            .collect();
        if sentences.is_empty() {
            sentences.push(Sentence::new(passage.text.to_owned(), passage.heading));
        }
        let outside = [passage.title, passage.heading].map(tokens);
        let mut names = KnownWords::default();
        for tokens in outside
            .iter()
            .chain(sentences.iter().map(|one| &one.tokens))
        {
            names.add(tokens);
        }
        let around: HashSet<String> = outside.iter().flat_map(|tokens| stems(tokens)).collect();
        let mut anywhere = around.clone();
        for sentence in &sentences {
            anywhere.extend(sentence.stems.iter().cloned());
        }
        Self {
            sentences,
            around,
            anywhere,
            names,
        }
    }
}

impl Sentence {
    fn new(text: String, context: &str) -> Self {
        let tokens = tokens(&text);
        Self {
            stems: stems(&tokens).collect(),
            above: stems(&super::tokens::tokens(context)).collect(),
            tokens,
            text,
        }
    }
}

fn stems(tokens: &[Token]) -> impl Iterator<Item = String> {
    tokens.iter().map(|token| token.stem.clone())
}
