//! Which candidates make the answer: the best one, then those that add to it without repeating it,
//! in their sources' order; or none, when the sources are about something else.

use super::question::{Question, QuestionKind, analyse};
use super::score::{Scored, Scoring, Weighted, between, score};
use super::{ExtractiveAnswer, NOT_FOUND, Quote, Sentence, Signals};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The best candidate answers the question from this score on, if its words or its vector are enough.
const ENOUGH_SCORE: f32 = 0.32;
/// The share of the question's words, by weight, that is enough by itself.
const ENOUGH_COVERAGE: f32 = 0.5;
/// The closer the vector, the smaller the share that is enough: it falls from the first cosine on, down
/// to the least share at the second.
const SOMEWHAT_NEAR: f32 = 0.3;
const VERY_NEAR: f32 = 0.6;
const LEAST_COVERAGE: f32 = 0.1;

/// When no source mentions a larger share of the question's subject than this, they are about another
/// subject, …
const MOST_UNKNOWN: f32 = 0.3;
/// … unless a sentence means the same in other words.
const SAME_MEANING: f32 = 0.7;

/// A further sentence has at least this share of the best one's score, …
const SHARE_OF_BEST: f32 = 0.75;
/// … or this one, if it covers a good part of the question that is still open.
const SHARE_OF_BEST_WHEN_NEW: f32 = 0.45;
const GOOD_PART: f32 = 0.25;

/// Sentences that share this part of the smaller one's words repeat each other.
const REPEATED_SHARE: f32 = 0.7;

/// The longest answer, in bytes of its sentences.
const LONGEST_ANSWER: usize = 1_500;

/// Chooses the sentences that answer `question`, from all `candidates` of its sources. The same
/// arguments give the same answer.
pub fn select(question: &str, candidates: &[Sentence], signals: Signals<'_>) -> ExtractiveAnswer {
    let question = analyse(question);
    let Scoring {
        weighted,
        mut scored,
    } = score(&question, candidates, signals);
    scored.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(a.sentence.position.cmp(&b.sentence.position))
    });
    let missing = misses_name(&question, &scored);
    let unknown = unknown_share(&weighted, &scored);
    let best = scored.first().map_or(0.0, |best| best.score);
    let supported = !missing
        && scored
            .first()
            .is_some_and(|best| is_enough(best, unknown, signals));
    if !supported {
        return ExtractiveAnswer {
            text: NOT_FOUND.to_owned(),
            sentences: Vec::new(),
            supported: false,
            score: best,
        };
    }
    let mut chosen = choose(&weighted, &scored);
    put_in_order(&mut chosen);
    let sentences: Vec<Quote> = chosen.into_iter().map(quote).collect();
    ExtractiveAnswer {
        text: written(&sentences),
        sentences,
        supported: true,
        score: best,
    }
}

/// The `most` candidates that are worth a vector, by their words, as indices in ascending order: a
/// model that embeds all of them takes far longer than everything else here.
pub fn promising(question: &str, candidates: &[Sentence], most: usize) -> Vec<usize> {
    let question = analyse(question);
    let scored = score(&question, candidates, Signals::default()).scored;
    let mut best: Vec<(usize, f32)> = scored.iter().map(|one| one.score).enumerate().collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    best.truncate(most);
    let mut indices: Vec<usize> = best.into_iter().map(|(index, _)| index).collect();
    indices.sort_unstable();
    indices
}

/// Whether the question has a name that neither the best sentence's source nor half of all sources
/// mention: they are about something else. A source need not repeat what most of the others name.
fn misses_name(question: &Question, scored: &[Scored<'_>]) -> bool {
    let Some(best) = scored.first() else {
        return false;
    };
    let sources = |wanted: &dyn Fn(&Scored<'_>) -> bool| -> BTreeSet<usize> {
        let those = scored.iter().filter(|one| wanted(one));
        those.map(|one| one.sentence.source).collect()
    };
    let all = sources(&|_| true).len();
    question.terms.iter().enumerate().any(|(at, term)| {
        let named = sources(&|one| one.credits.get(at).is_some_and(|credit| *credit > 0.0));
        let enough = named.contains(&best.sentence.source) || named.len() * 2 >= all;
        term.is_proper && !enough || term.is_identifier && named.is_empty()
    })
}

/// The share of the question's subject, by weight, that no source mentions.
fn unknown_share(weighted: &Weighted<'_>, scored: &[Scored<'_>]) -> f32 {
    let terms = weighted
        .question
        .terms
        .iter()
        .zip(&weighted.weights)
        .enumerate();
    terms
        .filter(|(at, (term, _))| {
            let known = |one: &Scored<'_>| one.credits.get(*at).is_some_and(|credit| *credit > 0.0);
            term.is_subject() && !scored.iter().any(known)
        })
        .map(|(_, (_, weight))| weight)
        .sum()
}

fn is_enough(best: &Scored<'_>, unknown: f32, signals: Signals<'_>) -> bool {
    let cosine = signals
        .similarities
        .and_then(|list| list.get(best.sentence.position).copied());
    let nearness = cosine.map_or(0.0, |cosine| between(SOMEWHAT_NEAR, VERY_NEAR, cosine));
    let wanted = ENOUGH_COVERAGE - nearness * (ENOUGH_COVERAGE - LEAST_COVERAGE);
    let known = unknown <= MOST_UNKNOWN || cosine.is_some_and(|cosine| cosine >= SAME_MEANING);
    known && best.coverage >= wanted && best.score >= ENOUGH_SCORE
}

fn choose<'a, 'b>(weighted: &Weighted<'_>, scored: &'b [Scored<'a>]) -> Vec<&'b Scored<'a>> {
    let most = match weighted.question.kind {
        QuestionKind::HowTo => 4,
        QuestionKind::Quantity | QuestionKind::Which => 2,
        _ => 3,
    };
    let mut chosen: Vec<&Scored<'a>> = Vec::new();
    let mut open: Vec<f32> = vec![1.0; weighted.weights.len()];
    let mut bytes = 0;
    let best = scored.first().map_or(0.0, |best| best.score);
    for one in scored {
        let new: Vec<f32> = one
            .credits
            .iter()
            .zip(&open)
            .map(|(c, o)| c.min(*o))
            .collect();
        let adds = weighted.sum(&new) >= GOOD_PART;
        let good =
            one.score >= best * SHARE_OF_BEST || adds && one.score >= best * SHARE_OF_BEST_WHEN_NEW;
        let length = one.sentence.text.len();
        let fits = chosen.is_empty() || bytes + length <= LONGEST_ANSWER;
        if !good || !fits || chosen.iter().any(|other| repeats(one, other)) {
            continue;
        }
        for (open, credit) in open.iter_mut().zip(&one.credits) {
            *open = (*open - credit).max(0.0);
        }
        bytes += length;
        chosen.push(one);
        if chosen.len() == most {
            break;
        }
    }
    chosen
}

fn repeats(one: &Scored<'_>, other: &Scored<'_>) -> bool {
    let smaller = one.keys.len().min(other.keys.len());
    let shared = one.keys.intersection(&other.keys).count();
    shared as f32 >= REPEATED_SHARE * smaller.max(1) as f32
}

/// The best sentence's source first, then the others by their best; inside a source, reading order.
fn put_in_order(chosen: &mut [&Scored<'_>]) {
    let ranks: Vec<usize> = chosen.iter().map(|one| one.sentence.source).collect();
    let rank = |source: usize| ranks.iter().position(|first| *first == source);
    chosen.sort_by_key(|one| {
        (
            rank(one.sentence.source),
            one.sentence.position,
            Reverse(one.keys.len()),
        )
    });
}

fn quote(scored: &Scored<'_>) -> Quote {
    Quote {
        source: scored.sentence.source,
        sentence: scored.sentence.text.clone(),
        score: scored.score,
    }
}

fn written(sentences: &[Quote]) -> String {
    sentences
        .iter()
        .map(|one| format!("{} [{}]", one.sentence, one.source))
        .collect::<Vec<_>>()
        .join(" ")
}
