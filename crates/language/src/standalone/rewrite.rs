//! The question with what it leaves out put in.

use super::cues::Cues;
use super::kinds::{Word, is_of};
use super::outcome::Standalone;
use super::topic::Topic;

/// Up to so many words, a question about "the frame" may be about the frame of what was spoken of.
const MOST_WORDS: usize = 9;

/// The question after a conversation about `topic`.
pub(super) fn rewrite(question: &str, topic: &Topic) -> Standalone {
    let cues = Cues::of(question);
    let with = |make: &dyn Fn(&str) -> String| match &topic.subject {
        Some(subject) => Standalone::Rewritten(make(subject)),
        None => Standalone::Unknown,
    };
    if let Some(at) = cues.pronoun {
        return with(&|subject| replaced(question, &cues, at, subject));
    }
    if cues.opening > 0 {
        return continued(question, &cues, topic);
    }
    if !cues.names.is_empty() || cues.is_personal() {
        return Standalone::AsAsked;
    }
    if cues.is_fragment() || takes_up(&cues, topic) {
        return with(&|subject| completed(trimmed(question), subject));
    }
    Standalone::AsAsked
}

/// A question that goes on: "And the Falcon?", "What about the price?".
fn continued(question: &str, cues: &Cues<'_>, topic: &Topic) -> Standalone {
    let Some(first) = cues.rest().first() else {
        return Standalone::AsAsked;
    };
    let rest = trimmed(question.get(first.start..).unwrap_or_default());
    let is_clause = cues.rest().len() > 4 && cues.rest().iter().any(|word| word.is("asking"));
    match (&topic.subject, cues.names.first()) {
        // It names what it is about: with a predicate of its own, or that of the question before.
        (_, Some(_)) if is_clause => Standalone::AsAsked,
        (Some(subject), Some(_)) if topic.question.contains(subject.as_str()) => {
            Standalone::Rewritten(topic.question.replacen(subject.as_str(), &bare(cues), 1))
        }
        (_, Some(_)) if topic.question.is_empty() => Standalone::AsAsked,
        (_, Some(_)) => Standalone::Rewritten(format!("{} {rest}", trimmed(&topic.question))),
        (_, None) if cues.is_personal() => Standalone::AsAsked,
        (Some(subject), None) => Standalone::Rewritten(completed(rest, subject)),
        (None, None) => Standalone::Unknown,
    }
}

/// The name without the article before it, which the question before has already.
fn bare(cues: &Cues<'_>) -> String {
    cues.names
        .first()
        .map(|name| name.text.clone())
        .unwrap_or_default()
}

/// The question with the subject in the pronoun's place in English, behind it in other languages, whose
/// words would have to be inflected.
fn replaced(question: &str, cues: &Cues<'_>, at: usize, subject: &str) -> String {
    let word = &cues.words[at];
    let from = cues
        .rest()
        .first()
        .map_or(0, |first| first.start)
        .min(word.start);
    let before = question.get(from..word.start).unwrap_or_default();
    let after = trimmed(question.get(word.end()..).unwrap_or_default());
    match english(word) {
        // "And its price?"
        Some(ending) if before.is_empty() && !has_verb(cues) => {
            format!("What is {subject}{ending}{after}?")
        }
        Some(ending) => format!("{before}{subject}{ending}{after}?"),
        None => format!(
            "{} ({subject})",
            trimmed(question.get(from..).unwrap_or_default())
        ),
    }
}

fn has_verb(cues: &Cues<'_>) -> bool {
    cues.rest()
        .iter()
        .any(|word| word.is("verb") || word.is("asking"))
}

/// A question, or the rest of one, with the subject behind it. English ones become whole sentences.
fn completed(rest: &str, subject: &str) -> String {
    let cues = Cues::of(rest);
    let is_english = |word: Option<&Word<'_>>| word.is_some_and(|word| word.lower == "the");
    let count = cues.words.len();
    if is_english(cues.words.first()) && !has_verb(&cues) {
        let rest = rest.replacen("The ", "the ", 1);
        let verb = if rest.ends_with('s') { "are" } else { "is" };
        format!("What {verb} {rest} of {subject}?")
    } else if count > 1 && is_english(cues.words.get(count - 2)) {
        format!("{rest} of {subject}?")
    } else {
        format!("{rest} ({subject})")
    }
}

/// What stands behind the subject in place of an English pronoun.
fn english(word: &Word<'_>) -> Option<&'static str> {
    match word.lower.as_str() {
        "its" | "their" | "theirs" | "his" | "hers" => Some("'s"),
        "it" | "they" | "them" | "he" | "him" | "she" | "itself" | "themselves" | "this"
        | "that" | "these" | "those" => Some(""),
        _ => None,
    }
}

/// Whether a short question is about something of which was spoken: "How much does the frame weigh?" after
/// an answer about the frame, or about a property that things have: "What is the price?".
fn takes_up(cues: &Cues<'_>, topic: &Topic) -> bool {
    cues.words.len() <= MOST_WORDS
        && cues.words.windows(2).any(|pair| {
            let noun = pair[1].lower.as_str();
            let is_known = topic.spoken.iter().any(|word| word == noun)
                || is_of("property", noun)
                || is_of("property", pair[1].text);
            pair[0].is("definite") && !is_of("asking", noun) && is_known
        })
}

/// Without the signs and spaces at its end.
fn trimmed(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_whitespace() || "?!.…".contains(c))
}
