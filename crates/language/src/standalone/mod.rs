//! A question as it stands without the conversation before it, by rules: a pronoun, an ellipsis or a short
//! question takes the subject of the turns before ("And how much does it cost?" after a question about the
//! Merlin becomes "how much does Merlin cost?"). A question that names its own subject, or asks about
//! something else, is left alone. Words in, words out; no model is asked.

mod conversation;
mod cues;
mod kinds;
mod names;
mod outcome;
mod rewrite;
mod topic;

pub use outcome::Standalone;
pub use topic::{Speaker, Turn};

use topic::Topic;

/// Reads a question after the `turns` of its conversation, oldest first.
pub fn standalone(question: &str, turns: &[Turn<'_>]) -> Standalone {
    if turns.is_empty() {
        return Standalone::AsAsked;
    }
    rewrite::rewrite(question, &Topic::after(turns))
}

#[cfg(test)]
mod tests;
