//! Builds a text up to a limit, and counts its characters.

use super::{ExtractFailure, ExtractLimits};

/// Builds a text; its length in characters, the offset of what comes next, is known at any time.
pub(super) struct TextBuilder<'a> {
    text: String,
    chars: usize,
    limits: &'a ExtractLimits,
}

impl<'a> TextBuilder<'a> {
    pub(super) fn new(limits: &'a ExtractLimits) -> Self {
        Self {
            text: String::new(),
            chars: 0,
            limits,
        }
    }

    /// Appends `more`; fails once the text is longer than the limit.
    pub(super) fn push(&mut self, more: &str) -> Result<(), ExtractFailure> {
        self.text.push_str(more);
        self.chars += more.chars().count();
        if self.chars > self.limits.text_chars {
            return Err(self.limits.text_too_long());
        }
        Ok(())
    }

    /// Characters so far: the offset of what is pushed next.
    pub(super) fn chars(&self) -> usize {
        self.chars
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Removes characters from the end.
    pub(super) fn trim_end_matches(&mut self, unwanted: &[char]) {
        let kept = self.text.trim_end_matches(unwanted).len();
        self.chars -= self.text.get(kept..).map_or(0, |tail| tail.chars().count());
        self.text.truncate(kept);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}
