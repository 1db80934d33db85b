//! The turns of a conversation, and what they are about.

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The one who asks.
    Asker,
    /// The one who answers.
    Answerer,
}

/// Something that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn<'a> {
    /// Who said it.
    pub speaker: Speaker,
    /// What.
    pub text: &'a str,
    /// The titles of the documents that an answer cites; none where they are not known.
    pub titles: &'a [&'a str],
}

/// What was spoken of last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Topic {
    /// The thing that it was about.
    pub(super) subject: Option<String>,
    /// The last question as it stands alone.
    pub(super) question: String,
    /// The words of the last turns, in lower case.
    pub(super) spoken: Vec<String>,
}
