//! How well each candidate supports an answer: the share of the question's words that it has, by
//! weight; the closeness of its vector, where the caller knows it; and how far its form fits the
//! kind of the question. The numbers here are chosen by hand and fixed for all collections.

use super::question::{Question, QuestionKind, Term};
use super::words::{Word, words};
use super::{Sentence, SentenceKind, Signals};
use crate::lexicon::is_defining;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::rc::Rc;

/// What a word is worth that is not in the sentence itself.
const IN_CONTEXT: f32 = 0.7;
const IN_TITLE: f32 = 0.5;
const IN_SENTENCE_BEFORE: f32 = 0.4;
/// What a word right above the sentence is worth for its nearness, where one in the sentence is 1.
const RIGHT_ABOVE: f32 = 0.8;
/// What a word is worth that shares only its beginning with one there.
const BY_PREFIX: f32 = 0.75;
const SHORTEST_PREFIX: usize = 4;

/// Cosines at and below the first say nothing, at and above the second everything.
const UNRELATED_COSINE: f32 = 0.15;
const EQUAL_COSINE: f32 = 0.75;
/// The share of the cosine in a score, where there is one.
const DENSE_SHARE: f32 = 0.5;

/// The highest sum of words, vector and form, by which scores are divided to lie within 0–1.
const HIGHEST: f32 = 1.4;

/// A candidate with its score.
pub struct Scored<'a> {
    /// The candidate.
    pub sentence: &'a Sentence,
    /// How well it supports an answer, 0–1.
    pub score: f32,
    /// The weighted share of the question's words that it or its surroundings have.
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

/// The question and every candidate, weighed and scored.
pub struct Scoring<'a> {
    /// The question with its weights.
    pub weighted: Weighted<'a>,
    /// The candidates, in their order.
    pub scored: Vec<Scored<'a>>,
}

/// The words of one candidate.
struct Read {
    own: Vec<Word>,
    keys: BTreeSet<String>,
    context: Rc<BTreeSet<String>>,
    title: Rc<BTreeSet<String>>,
}

/// What each word of the question is worth in one candidate, 0–1.
struct Presence {
    /// In the sentence itself.
    own: Vec<f32>,
    /// In the sentence or right above it.
    near: Vec<f32>,
    /// Anywhere: also in the title, or in the sentence before.
    credits: Vec<f32>,
}

/// Scores every candidate.
pub fn score<'a>(
    question: &'a Question,
    sentences: &'a [Sentence],
    signals: Signals<'_>,
) -> Scoring<'a> {
    let read = read(sentences);
    let weighted = weigh(question, &read, signals);
    let similarities = signals
        .similarities
        .filter(|list| list.len() == sentences.len());
    let mut scored = Vec::with_capacity(sentences.len());
    let mut before: Option<Vec<f32>> = None;
    for (at, (sentence, read)) in sentences.iter().zip(read).enumerate() {
        let previous = before.take().filter(|_| sentence.continues);
        let presence = Presence::of(question, &read, previous.as_deref());
        let coverage = weighted.sum(&presence.credits);
        let near = weighted.sum(&presence.near);
        let cosine = similarities.and_then(|list| list.get(at).copied());
        let base = blend(coverage * near.max(0.35).sqrt(), cosine);
        let fit = fit(&weighted, sentence, &read) * near.sqrt();
        scored.push(Scored {
            sentence,
            score: (base + fit) * form(sentence, &read, question.kind) / HIGHEST,
            coverage,
            credits: presence.credits,
            keys: read.keys,
        });
        before = Some(presence.own);
    }
    Scoring { weighted, scored }
}

impl Weighted<'_> {
    /// The weights of the words, each times its credit.
    pub fn sum(&self, credits: &[f32]) -> f32 {
        self.weights.iter().zip(credits).map(|(w, c)| w * c).sum()
    }
}

/// The words of every candidate; a heading or title that several share is read once.
fn read(sentences: &[Sentence]) -> Vec<Read> {
    let mut known: HashMap<&str, Rc<BTreeSet<String>>> = HashMap::new();
    let mut around = |text| {
        let read = || Rc::new(words(text).into_iter().map(|word| word.key).collect());
        Rc::clone(known.entry(text).or_insert_with(read))
    };
    let read = sentences.iter().map(|sentence| {
        let own = words(&sentence.text_to_embed());
        Read {
            keys: own.iter().map(|word| word.key.clone()).collect(),
            own,
            context: around(&sentence.context),
            title: around(&sentence.title),
        }
    });
    read.collect()
}

/// Rare words weigh more, but every word counts: sources that were found for a question mention its
/// subject often.
fn weigh<'a>(question: &'a Question, read: &[Read], signals: Signals<'_>) -> Weighted<'a> {
    let total = read.len() as f32;
    let rarity = |term: &Term| {
        let known = signals.weights.and_then(|weights| weights(&term.lower));
        known
            .filter(|weight| weight.is_finite())
            .unwrap_or_else(|| {
                let having = read.iter().filter(|read| read.keys.contains(&term.key));
                let count = having.count() as f32;
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

impl Presence {
    /// `previous` is the worth of the question's words in the sentence before, in the same paragraph.
    fn of(question: &Question, read: &Read, previous: Option<&[f32]>) -> Self {
        let terms = question.terms.len();
        let mut found = Self {
            own: Vec::with_capacity(terms),
            near: Vec::with_capacity(terms),
            credits: Vec::with_capacity(terms),
        };
        for (at, term) in question.terms.iter().enumerate() {
            let own = presence(&read.keys, term);
            let context = presence(&read.context, term);
            let in_before = previous.and_then(|previous| previous.get(at)).copied();
            let credit = own
                .max(IN_CONTEXT * context)
                .max(IN_TITLE * presence(&read.title, term))
                .max(IN_SENTENCE_BEFORE * in_before.unwrap_or(0.0));
            found.own.push(own);
            found.near.push(own.max(RIGHT_ABOVE * context));
            found.credits.push(credit);
        }
        found
    }
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
    // `column` does not match `columnstore`: most of the longer word must be there.
    let alike = |short: &str, long: &str| 3 * short.len() >= 2 * long.len();
    let longer = keys
        .range::<str, _>((Bound::Included(key), Bound::Unbounded))
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

/// "X is …": a main word of the question, soon followed by a verb that defines.
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
            .any(|word| is_defining(&word.key))
    })
}

/// The share of the question's pairs of neighbouring words that are neighbours here too.
fn adjacency(question: &Question, own: &[Word]) -> f32 {
    let pairs = question.terms.len().saturating_sub(1);
    if pairs == 0 {
        return 0.0;
    }
    let adjoin = |left: &Term, right: &Term| {
        let mut neighbours = own.iter().zip(own.iter().skip(1));
        neighbours.any(|(one, next)| one.key == left.key && next.key == right.key)
    };
    let kept = question
        .terms
        .iter()
        .zip(question.terms.iter().skip(1))
        .filter(|(left, right)| adjoin(left, right))
        .count();
    kept as f32 / pairs as f32
}

/// Whether a text has a digit or one of the numbers that are mostly written as a word.
fn has_number(text: &str) -> bool {
    let is_number = |word: &str| {
        matches!(
            word,
            "zero" | "one" | "two" | "three" | "four" | "five" | "ten" | "unlimited"
        )
    };
    text.bytes().any(|b| b.is_ascii_digit()) || text.to_lowercase().split(' ').any(is_number)
}

/// A factor for what makes a sentence worse to read as an answer, whatever was asked.
fn form(sentence: &Sentence, read: &Read, kind: QuestionKind) -> f32 {
    let text = sentence.text.as_str();
    let words = read.own.iter().filter(|word| !word.is_compound).count();
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
    let factor = |is_worse: bool, factor: f32| if is_worse { factor } else { 1.0 };
    kind_factor
        * length_factor
        * factor(text.ends_with('?'), 0.3)
        * factor(text.ends_with(':'), 0.7)
        * factor(is_cut_off(sentence, read), 0.6)
        * factor(refers_back(sentence), 0.88)
}

/// Whether the passage was cut out of its document in the middle of this sentence.
fn is_cut_off(sentence: &Sentence, read: &Read) -> bool {
    let text = sentence.text.as_str();
    let has_no_end = matches!(sentence.kind, SentenceKind::Prose | SentenceKind::Entry)
        && !text.ends_with([
            '.', '!', '?', ':', '。', '！', '？', '"', ')', '…', '\'', '”',
        ]);
    let has_no_beginning = read.own.first().is_some_and(|first| {
        !first.is_name && sentence.term.is_empty() && text.starts_with(char::is_lowercase)
    });
    has_no_end || has_no_beginning
}

/// Whether a sentence begins by referring to the one before, and has no term of its own.
fn refers_back(sentence: &Sentence) -> bool {
    let starts = [
        "It ", "This ", "They ", "These ", "That ", "Those ", "Such ", "However", "But ",
    ];
    sentence.term.is_empty() && starts.iter().any(|start| sentence.text.starts_with(start))
}
