//! What in a question points back to the turns before it.

use super::kinds::{Word, words};
use super::names::{Name, names};

/// Fewer words than this, without a subject of their own, are the rest of a question.
const FEWEST_WORDS: usize = 4;

/// A question, read for what it leaves out.
#[derive(Debug)]
pub(super) struct Cues<'a> {
    pub(super) words: Vec<Word<'a>>,
    pub(super) names: Vec<Name>,
    /// The place of the first pronoun that stands for something outside of the question.
    pub(super) pronoun: Option<usize>,
    /// How many words at its beginning go on with the question before: "and", "what about".
    pub(super) opening: usize,
}

impl<'a> Cues<'a> {
    pub(super) fn of(question: &'a str) -> Self {
        let words = words(question);
        let names = names(question);
        Self {
            pronoun: pronoun(&words, &names),
            opening: opening(&words),
            names,
            words,
        }
    }

    /// Whether it speaks of the one who asks or is asked.
    pub(super) fn is_personal(&self) -> bool {
        self.words.iter().any(|word| word.is("person"))
    }

    /// The words after the opening.
    pub(super) fn rest(&self) -> &[Word<'a>] {
        self.words.get(self.opening..).unwrap_or_default()
    }

    /// Whether it is a part of a question only: a few words without a name.
    pub(super) fn is_fragment(&self) -> bool {
        self.names.is_empty() && self.rest().len() < FEWEST_WORDS && !self.is_personal()
    }
}

/// "and", "what about", "how about", "was ist mit", "et pour".
fn opening(words: &[Word<'_>]) -> usize {
    let lower: Vec<&str> = words.iter().map(|word| word.lower.as_str()).collect();
    let after = usize::from(lower.len() > 1 && words[0].is("opening"));
    let rest = lower.get(after..).unwrap_or_default();
    const PHRASES: [&[&str]; 9] = [
        &["what", "about"],
        &["how", "about"],
        &["was", "ist", "mit"],
        &["wie", "ist", "es", "mit"],
        &["wie", "sieht", "es", "mit"],
        &["qu'en", "est-il", "de"],
        &["et", "pour"],
        &["qué", "pasa", "con"],
        &["che", "dire", "di"],
    ];
    let phrase = PHRASES.iter().find(|phrase| rest.starts_with(phrase));
    after + phrase.map_or(0, |phrase| phrase.len())
}

fn pronoun(words: &[Word<'_>], names: &[Name]) -> Option<usize> {
    let at = words.iter().enumerate().find_map(|(at, word)| {
        // After a noun, "that" begins a clause about it.
        let follows_noun = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|before| {
                !["asking", "small", "verb", "opening"]
                    .iter()
                    .any(|kind| before.is(kind))
            });
        let stands_alone = || {
            let next = words.get(at + 1);
            !follows_noun && next.is_none_or(|next| next.is("verb") || next.lower == "one")
        };
        let is_pronoun = word.is("pronoun") && !is_formal(word) && !is_expletive(words, at);
        let is_other = word.lower == "one"
            && at > 0
            && ["other", "that", "this", "which"].contains(&&*words[at - 1].lower);
        (is_pronoun || is_other || (word.is("demonstrative") && stands_alone())).then_some(at)
    })?;
    let before = words.get(..at)?;
    // What it stands for is in the question itself.
    let has_own = names.iter().any(|name| name.at < at)
        || before.iter().any(|word| word.is("indefinite"))
        || before
            .iter()
            .position(|word| word.is("conjunction") && !word.begins)
            .is_some_and(|conjunction| conjunction > 1);
    (!has_own).then_some(at)
}

/// German's polite address is written like a pronoun with a capital.
fn is_formal(word: &Word<'_>) -> bool {
    !word.begins && word.text.starts_with("Ihr")
}

/// "it" that stands for nothing: "how long does it take to …", "is it possible to …".
fn is_expletive(words: &[Word<'_>], at: usize) -> bool {
    if words[at].lower != "it" && words[at].lower != "il" {
        return false;
    }
    let next = |by: usize| words.get(at + by).map_or("", |word| word.lower.as_str());
    let before = at.checked_sub(1).map_or("", |at| words[at].lower.as_str());
    let takes = ["take", "takes"].contains(&next(1)) && next(2) == "to";
    const JUDGED: [&str; 12] = [
        "possible",
        "necessary",
        "allowed",
        "legal",
        "safe",
        "true",
        "ok",
        "okay",
        "required",
        "mandatory",
        "worth",
        "better",
    ];
    let is_judged = ["is", "was", "be"].contains(&before) && JUDGED.contains(&next(1));
    takes || is_judged || ["y", "est", "faut"].contains(&next(1))
}
