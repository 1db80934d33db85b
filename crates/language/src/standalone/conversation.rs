//! Reads a conversation: its subject is carried from turn to turn.

use super::kinds::words;
use super::names::{Name, names, subject};
use super::outcome::Standalone;
use super::rewrite::rewrite;
use super::topic::{Speaker, Topic, Turn};

/// The words of so many turns are looked at for what a question takes up.
const TURNS_SPOKEN: usize = 3;

impl Topic {
    /// The topic after these turns, oldest first.
    pub(super) fn after(turns: &[Turn<'_>]) -> Self {
        let mut topic = Self::default();
        for turn in turns {
            match turn.speaker {
                Speaker::Asker => topic.asked(turn.text),
                Speaker::Answerer => topic.answered(turn),
            }
        }
        let spoken = turns.iter().rev().take(TURNS_SPOKEN);
        topic.spoken = spoken
            .flat_map(|turn| words(turn.text))
            .map(|word| word.lower)
            .collect();
        topic
    }

    fn asked(&mut self, question: &str) {
        let whole = match rewrite(question, self) {
            Standalone::Rewritten(whole) => whole,
            Standalone::AsAsked => {
                // Another question, with a subject of its own or none that is known yet.
                self.subject = None;
                question.to_owned()
            }
            Standalone::Unknown => question.to_owned(),
        };
        if let Some(name) = subject(&names(&whole)) {
            self.subject = Some(name.text.clone());
        }
        self.question = whole;
    }

    /// An answer says what a question without a name was about: the document that it cites, or a name in it.
    /// Of several names in a question it is the one that the document is about.
    fn answered(&mut self, turn: &Turn<'_>) {
        let asked = names(&self.question);
        let is_in_title = |name: &&Name| {
            let lower = name.text.to_lowercase();
            turn.titles
                .iter()
                .any(|title| title.to_lowercase().contains(&lower))
        };
        if let Some(name) = asked.iter().find(is_in_title) {
            self.subject = Some(name.text.clone());
        } else if self.subject.is_none() {
            let said = names(turn.text);
            let named = subject(&said).map(|name| name.text.clone());
            self.subject = turn
                .titles
                .first()
                .map(|title| (*title).to_owned())
                .or(named);
        }
    }
}
