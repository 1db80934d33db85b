//! Answers without a model: the sentences of the sources that answer a question best, word for word,
//! each with its marker, or a statement that there are none. It takes two steps, so that a caller
//! with vectors can add them: [`candidates()`] cuts the sources into sentences, [`select()`] scores
//! them and chooses. The same arguments always give the same answer. No word is invented or changed.

mod blocks;
mod candidates;
mod markup;
mod question;
mod score;
mod select;
mod terms;
mod words;

pub use candidates::candidates;
pub use select::{promising, select};

/// The answer when nothing in the sources supports an answer.
pub const NOT_FOUND: &str =
    "I cannot answer that from what I have: the answer was not found in the documents.";

/// One numbered source, as the retrieval gave it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtractiveSource<'a> {
    /// The number of its marker: 1, 2, …
    pub index: usize,
    /// The document's title; may be empty.
    pub title: &'a str,
    /// The headings above the text; may be empty.
    pub heading: &'a str,
    /// The text that is quoted.
    pub text: &'a str,
}

/// What a sentence is in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentenceKind {
    /// Running text.
    Prose,
    /// The first sentence of a term's description, with the term before it.
    Entry,
    /// A point of a list, or a row of a table.
    Item,
    /// A line that announces a list or code, with the beginning of what it announces.
    LeadIn,
    /// Program text.
    Code,
    /// A short line on its own, such as a caption.
    Fragment,
}

/// A sentence that could be part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The number of its source's marker.
    pub source: usize,
    /// Its place among all candidates of all sources, from 0.
    pub position: usize,
    /// The text as it would be shown: the source's words on one line, without markup.
    pub text: String,
    /// The term that the text around it describes, as in a manual's list of options; may be empty.
    pub term: String,
    /// The headings, questions and announcements above it, innermost first; may be empty.
    pub context: String,
    /// The title of its document.
    pub title: String,
    /// Whether the sentence before it is part of the same paragraph.
    pub continues: bool,
    /// What it is.
    pub kind: SentenceKind,
}

impl Sentence {
    /// The text to embed: the sentence, after the term that it describes unless it begins with it.
    pub fn text_to_embed(&self) -> String {
        if self.term.is_empty() || self.text.starts_with(&self.term) {
            self.text.clone()
        } else {
            format!("{}: {}", self.term, self.text)
        }
    }
}

/// The weight of a lower-case word.
pub type WordWeights<'a> = dyn Fn(&str) -> Option<f32> + 'a;

/// What a caller may know beyond the words; the default knows nothing.
#[derive(Clone, Copy, Default)]
pub struct Signals<'a> {
    /// The cosine of the question and each candidate, in the candidates' order; NaN for one that was
    /// not worth a vector (see [`promising`]). Ignored when its length differs.
    pub similarities: Option<&'a [f32]>,
    /// The weight of a lower-case word in the whole corpus, as an inverse document frequency;
    /// `None` for a word that it does not know.
    pub weights: Option<&'a WordWeights<'a>>,
}

/// A sentence of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {
    /// The number of its source's marker.
    pub source: usize,
    /// The sentence, without its marker.
    pub sentence: String,
    /// How well it supports an answer, 0–1.
    pub score: f32,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtractiveAnswer {
    /// The sentences with their markers, or [`NOT_FOUND`].
    pub text: String,
    /// The sentences one by one; empty when nothing supports an answer.
    pub sentences: Vec<Quote>,
    /// Whether the sources support an answer.
    pub supported: bool,
    /// The best candidate's score, 0–1, even when it does not suffice.
    pub score: f32,
}

/// Answers `question` from `sources` by their words alone.
pub fn answer(question: &str, sources: &[ExtractiveSource<'_>]) -> ExtractiveAnswer {
    select(question, &candidates(sources), Signals::default())
}

#[cfg(test)]
#[path = "extractive_tests.rs"]
mod tests;
