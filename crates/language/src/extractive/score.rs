//! How well each candidate supports an answer: the share of the question's words that it has, by
//! weight; the closeness of its vector, where the caller knows it; and how far its form fits the
//! kind of the question. The numbers here are chosen by hand and fixed for all collections.

use super::question::{Question, QuestionKind, Term};
use super::words::{Word, Words};
use super::{Sentence, SentenceKind, Signals};
use std::collections::{BTreeMap, BTreeSet};

/// What a word is worth that stands not in the sentence itself.
const IN_CONTEXT: f32 = 0.7;
const IN_TITLE: f32 = 0.5;
const IN_SENTENCE_BEFORE: f32 = 0.4;
/// How near a heading or question stands to what is under it, where the sentence itself is 1.
const RIGHT_ABOVE: f32 = 0.8;
/// A word that shares only its beginning with one there.
const BY_PREFIX: f32 = 0.75;
const SHORTEST_PREFIX: usize = 4;

/// Cosines at and below the first say nothing, at and above the second everything.
const UNRELATED_COSINE: f32 = 0.15;
const EQUAL_COSINE: f32 = 0.75;
/// The share of the vectors in a score, where there are any.
const DENSE_SHARE: f32 = 0.5;

/// What words, vector and form add up to at most, so that scores lie within 0–1.
const HIGHEST: f32 = 1.4;

/// Verbs by which a sentence says what its subject is or does.
const DEFINING: [&str; 26] = [
    "allow",
    "are",
    "contain",
    "control",
    "defin",
    "denot",
    "describ",
    "determin",
    "enabl",
    "hold",
    "is",
    "list",
    "make",
    "mean",
    "name",
    "print",
    "provid",
    "refer",
    "represent",
    "return",
    "set",
    "show",
    "specifi",
    "stand",
    "store",
    "tell",
];

/// A candidate with its score.
pub struct Scored<'a> {
    /// The candidate.
    pub sentence: &'a Sentence,
    /// How well it supports an answer, 0–1.
    pub score: f32,
    /// The weighted share of the question's words that it has by itself or by its surroundings.
    pub coverage: f32,
    /// What each word of the question is worth here, 0–1.
    pub credits: Vec<f32>,
    /// The words of the sentence.
    pub keys: BTreeSet<String>,
}

/// A question with the weight of each of its words.
pub struct Weighted<'a> {
    /// The question.
    pub question: &'a Question,
    /// The weight of each of its words; they sum to 1.
    pub weights: Vec<f32>,
}

/// The words of one candidate.
struct Read {
    own: Vec<Word>,
    keys: BTreeSet<String>,
    context: BTreeSet<String>,
    title: BTreeSet<String>,
}

/// Scores every candidate, in their order.
pub fn score<'a>(
    question: &'a Question,
    sentences: &'a [Sentence],
    signals: Signals<'_>,
    words: &Words,
) -> (Weighted<'a>, Vec<Scored<'a>>) {
    let read: Vec<Read> = sentences.iter().map(|s| Read::of(s, words)).collect();
    let weighted = weigh(question, &read, signals);
    let similarities = signals
        .similarities
        .filter(|list| list.len() == sentences.len());
    let mut scored = Vec::with_capacity(sentences.len());
    let mut before: Option<&Read> = None;
    for (at, (sentence, read)) in sentences.iter().zip(&read).enumerate() {
        let previous = before.filter(|_| sentence.continues);
        let credits = credits(question, read, previous);
        let coverage = weighted.sum(&credits);
        let own = near_share(&weighted, read);
        let cosine = similarities.and_then(|list| list.get(at).copied());
        let base = blend(coverage * own.max(0.35).sqrt(), cosine);
        let fit = fit(&weighted, sentence, read) * own.sqrt();
        scored.push(Scored {
            sentence,
            score: (base + fit) * form(sentence, read, question.kind) / HIGHEST,
            coverage,
            credits,
            keys: read.keys.clone(),
        });
        before = Some(read);
    }
    (weighted, scored)
}

impl Weighted<'_> {
    /// The weights of the words, each times its credit.
    pub fn sum(&self, credits: &[f32]) -> f32 {
        self.weights.iter().zip(credits).map(|(w, c)| w * c).sum()
    }
}

impl Read {
    fn of(sentence: &Sentence, words: &Words) -> Self {
        let keys = |text: &str| words.of(text).into_iter().map(|word| word.key).collect();
        let own = words.of(&sentence.text_to_embed());
        Self {
            keys: own.iter().map(|word| word.key.clone()).collect(),
            own,
            context: keys(&sentence.context),
            title: keys(&sentence.title),
        }
    }
}

/// Rare words weigh more, but none is worth nothing: within sources that were found for the
/// question, its subject is frequent.
fn weigh<'a>(question: &'a Question, read: &[Read], signals: Signals<'_>) -> Weighted<'a> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for key in read.iter().flat_map(|read| &read.keys) {
        *counts.entry(key).or_default() += 1;
    }
    let total = read.len() as f32;
    let rarity = |term: &Term| {
        let known = signals.weights.and_then(|weights| weights(&term.lower));
        known
            .filter(|weight| weight.is_finite())
            .unwrap_or_else(|| {
                let count = counts.get(term.key.as_str()).copied().unwrap_or(0) as f32;
                ((total - count + 0.5) / (count + 0.5)).ln_1p()
            })
    };
    let rarities: Vec<f32> = question
        .terms
        .iter()
        .map(|term| rarity(term).max(0.0))
        .collect();
    let highest = rarities.iter().copied().fold(f32::EPSILON, f32::max);
    let mut weights: Vec<f32> = question
        .terms
        .iter()
        .zip(&rarities)
        .map(|(term, rarity)| term.emphasis * (0.5 + rarity / highest))
        .collect();
    let sum: f32 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum.max(f32::EPSILON);
    }
    Weighted { question, weights }
}

fn credits(question: &Question, read: &Read, previous: Option<&Read>) -> Vec<f32> {
    let credit = |term: &Term| {
        let in_before = previous.map_or(0.0, |previous| presence(&previous.keys, term));
        presence(&read.keys, term)
            .max(IN_CONTEXT * presence(&read.context, term))
            .max(IN_TITLE * presence(&read.title, term))
            .max(IN_SENTENCE_BEFORE * in_before)
    };
    question.terms.iter().map(credit).collect()
}

/// The weighted share of the question's words in the sentence itself or right above it.
fn near_share(weighted: &Weighted<'_>, read: &Read) -> f32 {
    let near =
        |term: &Term| presence(&read.keys, term).max(RIGHT_ABOVE * presence(&read.context, term));
    let near: Vec<f32> = weighted.question.terms.iter().map(near).collect();
    weighted.sum(&near)
}

/// 1 for the word itself, less for one that begins alike (`config`, `configuration`).
fn presence(keys: &BTreeSet<String>, term: &Term) -> f32 {
    let key = term.key.as_str();
    if keys.contains(key) {
        return 1.0;
    }
    if key.len() < SHORTEST_PREFIX || term.is_identifier {
        return 0.0;
    }
    // `column` is no `columnstore`: most of the longer word must be there.
    let alike = |short: &str, long: &str| 3 * short.len() >= 2 * long.len();
    let longer = keys
        .range(key.to_owned()..)
        .take_while(|next| next.starts_with(key))
        .any(|next| alike(key, next));
    let shorter = || {
        key.char_indices()
            .skip(SHORTEST_PREFIX)
            .any(|(at, _)| keys.contains(&key[..at]) && alike(&key[..at], key))
    };
    if longer || shorter() { BY_PREFIX } else { 0.0 }
}

fn blend(lexical: f32, cosine: Option<f32>) -> f32 {
    match cosine {
        Some(cosine) => {
            let near = between(UNRELATED_COSINE, EQUAL_COSINE, cosine);
            DENSE_SHARE * near + (1.0 - DENSE_SHARE) * lexical
        }
        None => lexical,
    }
}

/// Where `value` lies between `low` (0) and `high` (1); 0 for NaN, which stands for an unknown cosine.
pub fn between(low: f32, high: f32, value: f32) -> f32 {
    if value.is_nan() {
        return 0.0;
    }
    ((value - low) / (high - low)).clamp(0.0, 1.0)
}

/// What the sentence's form adds for this kind of question.
fn fit(weighted: &Weighted<'_>, sentence: &Sentence, read: &Read) -> f32 {
    let has = |wanted: &[&str]| {
        read.own
            .iter()
            .any(|word| wanted.contains(&word.lower.as_str()))
    };
    let entry = sentence.kind == SentenceKind::Entry;
    let asks_for_term = is_about_term(weighted.question, sentence, read);
    let adjacent = 0.1 * adjacency(weighted.question, &read.own);
    adjacent
        + match weighted.question.kind {
            _ if asks_for_term && entry => 0.3,
            _ if asks_for_term => 0.1,
            QuestionKind::Definition if defines(weighted.question, &read.own) => 0.2,
            QuestionKind::Which if entry => 0.12,
            QuestionKind::Which if read.own.iter().any(|word| word.is_name) => 0.06,
            QuestionKind::HowTo if sentence.kind == SentenceKind::LeadIn => 0.1,
            QuestionKind::HowTo if has(&["to", "use", "run", "can", "must", "should"]) => 0.06,
            QuestionKind::Quantity if has_number(&sentence.text) => 0.15,
            QuestionKind::Why if has(&["because", "since", "so", "due", "therefore", "avoid"]) => {
                0.12
            }
            _ => 0.0,
        }
}

/// Whether the question names the term that the sentence describes, whole.
fn is_about_term(question: &Question, sentence: &Sentence, read: &Read) -> bool {
    let Some(first) = sentence.term.split([' ', ',', '(', '=']).next() else {
        return false;
    };
    let name = first
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    !name.is_empty()
        && read
            .own
            .iter()
            .find(|word| word.lower == name)
            .is_some_and(|word| question.terms.iter().any(|term| term.key == word.key))
}

/// "X is …": the question's main words, then soon a verb that defines.
fn defines(question: &Question, own: &[Word]) -> bool {
    let main = |word: &Word| {
        question
            .terms
            .iter()
            .any(|term| term.key == word.key && term.emphasis >= 1.0)
    };
    let subject = own.iter().take(4).position(main);
    subject.is_some_and(|subject| {
        own.iter()
            .take(9)
            .skip(subject + 1)
            .any(|word| DEFINING.contains(&word.key.as_str()))
    })
}

/// The share of the question's neighbouring words that are neighbours here too.
fn adjacency(question: &Question, own: &[Word]) -> f32 {
    let pairs = question.terms.len().saturating_sub(1);
    if pairs == 0 {
        return 0.0;
    }
    let here: BTreeSet<(&str, &str)> = own
        .iter()
        .zip(own.iter().skip(1))
        .map(|(left, right)| (left.key.as_str(), right.key.as_str()))
        .collect();
    let kept = question
        .terms
        .iter()
        .zip(question.terms.iter().skip(1))
        .filter(|(left, right)| here.contains(&(left.key.as_str(), right.key.as_str())))
        .count();
    kept as f32 / pairs as f32
}

fn has_number(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
        || [
            "one",
            "two",
            "three",
            "four",
            "five",
            "ten",
            "zero",
            "no limit",
            "unlimited",
        ]
        .iter()
        .any(|number| text.to_lowercase().split(' ').any(|word| word == *number))
}

/// A factor for what makes a sentence worse to read as an answer, whatever was asked.
fn form(sentence: &Sentence, read: &Read, kind: QuestionKind) -> f32 {
    let text = sentence.text.as_str();
    let words = read.own.iter().filter(|word| !word.is_compound).count();
    let leans_back = [
        "It ", "This ", "They ", "These ", "That ", "Those ", "Such ", "However", "But ",
    ]
    .iter()
    .any(|start| text.starts_with(start));
    let kind_factor = match sentence.kind {
        SentenceKind::Fragment => 0.6,
        SentenceKind::Code if kind == QuestionKind::HowTo => 0.8,
        SentenceKind::Code => 0.6,
        _ => 1.0,
    };
    let length_factor = match words {
        0..=3 => 0.6,
        4..=60 => 1.0,
        _ => 0.85,
    };
    let question_factor = if text.ends_with('?') { 0.3 } else { 1.0 };
    let announcement = if text.ends_with(':') { 0.7 } else { 1.0 };
    // The passage was cut out of its document in the middle of a sentence.
    let cut_off = matches!(sentence.kind, SentenceKind::Prose | SentenceKind::Entry)
        && !text.ends_with([
            '.', '!', '?', ':', '。', '！', '？', '"', ')', '…', '\'', '”',
        ]);
    let beheaded = read.own.first().is_some_and(|first| {
        !first.is_name && sentence.term.is_empty() && text.starts_with(char::is_lowercase)
    });
    let cut_factor = if cut_off || beheaded { 0.6 } else { 1.0 };
    let lean_factor = if leans_back && sentence.term.is_empty() {
        0.88
    } else {
        1.0
    };
    kind_factor * length_factor * question_factor * announcement * cut_factor * lean_factor
}
