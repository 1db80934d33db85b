//! A claim compared with a window of its passage (one sentence, or two neighbours): how many of the
//! claim's words are there, in which order, and what contradicts it. It chooses no window.

use super::Reason;
use super::alignment::align;
use super::evidence::{Evidence, Sentence};
use super::names;
use super::polarity::Polarity;
use super::quantity::{held, stated};
use super::token::{Class, Token};
use crate::lexicon::is_generic;
use crate::token::common_beginning;
use std::borrow::Cow;
use std::collections::HashSet;

/// What a word of the claim is worth that is not in the sentence itself.
const RIGHT_ABOVE: f64 = 0.9;
const BY_BEGINNING: f64 = 0.8;
const BY_SYNONYM: f64 = 0.75;
const IN_HEADING: f64 = 0.7;
const ELSEWHERE: f64 = 0.4;
/// So many equal letters at the beginning make two stems alike (`replic`, `replica`).
const AKIN_LETTERS: usize = 5;

/// How much a word matters by its form.
const WEIGHT_OF_NAME: f64 = 1.3;
const WEIGHT_OF_GENERIC: f64 = 0.5;

/// A claim, or a part of one between semicolons, ready to be compared.
pub(super) struct Part {
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    /// Its content words, each once, with their weights.
    terms: Vec<(Token, f64)>,
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The weighted share of the claim's content words that the window has, 0–1.
    pub coverage: f64,
    /// The share of all its words that the window has in the same order, 0–1.
    pub order: f64,
    /// The contradiction that makes it unsupported whatever else agrees.
    pub conflict: Option<Reason>,
    /// The window, as it is given to a model.
    pub text: String,
}

impl Part {
    pub(super) fn new(text: &str, tokens: Vec<Token>) -> Self {
        let mut seen = HashSet::new();
        let terms = tokens
            .iter()
            .filter(|token| token.is_content() && token.class != Class::Number)
            .filter(|token| seen.insert(token.stem.clone()))
            .map(|token| (token.clone(), weight(token)))
            .collect();
        Self {
            text: text.to_owned(),
            tokens,
            terms,
        }
    }

    /// The weighted share of its content words in the window; 1 for a claim of numbers alone.
    pub(super) fn coverage(&self, window: &[&Sentence], evidence: &Evidence) -> f64 {
        let all: f64 = self.terms.iter().map(|(_, weight)| weight).sum();
        if self.terms.is_empty() {
            return if self.tokens.is_empty() { 0.0 } else { 1.0 };
        }
        let credit = |(token, weight): &(Token, f64)| weight * credit(token, window, evidence);
        self.terms.iter().map(credit).sum::<f64>() / all
    }

    /// How many of its content words the sentence itself has and the other has not.
    pub(super) fn own_words(&self, sentence: &Sentence, other: &Sentence) -> usize {
        let own = |token: &Token| {
            sentence.stems.contains(&token.stem) && !other.stems.contains(&token.stem)
        };
        self.terms.iter().filter(|(token, _)| own(token)).count()
    }

    /// Compares the claim with the window in every respect.
    pub(super) fn fit(&self, window: &[&Sentence], evidence: &Evidence) -> Fit {
        let tokens: Cow<'_, [Token]> = match window {
            [one] => Cow::Borrowed(&one.tokens),
            _ => window.iter().flat_map(|one| one.tokens.clone()).collect(),
        };
        let nearby: HashSet<&str> = window
            .iter()
            .flat_map(|sentence| &sentence.above)
            .chain(&evidence.around)
            .map(String::as_str)
            .collect();
        let alignment = align(&self.tokens, &tokens, &nearby);
        let quantities = held(&tokens);
        let numbers_differ = stated(&self.tokens)
            .iter()
            .any(|one| !quantities.iter().any(|two| one.agrees(two)));
        let conflict = if numbers_differ {
            Some(Reason::Number)
        } else if !evidence.names.has_all(&self.tokens) {
            Some(Reason::Entity)
        } else if Polarity::of(&self.tokens).contradicts(&Polarity::of(&tokens), alignment.share) {
            Some(Reason::Negation)
        } else {
            alignment.has_other_word.then_some(Reason::Entity)
        };
        Fit {
            coverage: self.coverage(window, evidence),
            order: alignment.share,
            conflict,
            text: window
                .iter()
                .map(|sentence| sentence.text.as_str())
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

fn weight(token: &Token) -> f64 {
    if names::is_name(token) {
        WEIGHT_OF_NAME
    } else if is_generic(&token.lower) {
        WEIGHT_OF_GENERIC
    } else {
        1.0
    }
}

fn credit(token: &Token, window: &[&Sentence], evidence: &Evidence) -> f64 {
    let stem = token.stem.as_str();
    if window.iter().any(|sentence| sentence.stems.contains(stem)) {
        return 1.0;
    }
    if window.iter().any(|sentence| sentence.above.contains(stem)) {
        return RIGHT_ABOVE;
    }
    let in_window = || window.iter().flat_map(|sentence| &sentence.tokens);
    if token.class == Class::Word && in_window().any(|other| are_akin(stem, &other.stem)) {
        return BY_BEGINNING;
    }
    if in_window().any(|other| token.is_synonym_of(other)) {
        return BY_SYNONYM;
    }
    if evidence.around.contains(stem) {
        IN_HEADING
    } else if evidence.anywhere.contains(stem) {
        ELSEWHERE
    } else {
        0.0
    }
}

fn are_akin(one: &str, other: &str) -> bool {
    let alike = common_beginning(one, other);
    let shorter = one.chars().count().min(other.chars().count());
    alike >= AKIN_LETTERS && alike + 2 >= shorter
}
