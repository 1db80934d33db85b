//! Footnotes, endnotes and comments: separate parts that the document refers to by number.

use super::super::super::xml::XmlReader;
use super::super::super::{ExtractFailure, ExtractLimits};
use std::collections::HashMap;

/// The notes that no paragraph has referred to yet.
#[derive(Default)]
pub(super) struct Notes(HashMap<(&'static str, String), String>);

impl Notes {
    /// Reads a part whose notes are elements of the name `label`.
    pub(super) fn read(
        &mut self,
        part: &str,
        label: &'static str,
        limits: &ExtractLimits,
    ) -> Result<(), ExtractFailure> {
        let mut reader = XmlReader::new(part, limits);
        while let Some(tag) = reader.next_start()? {
            // Notes with another type are separator lines.
            if tag.name() == label && tag.attr("type").is_none_or(|kind| kind == "normal") {
                let id = tag.attr("id").unwrap_or_default();
                let author = tag.attr("author").filter(|author| !author.is_empty());
                let text = reader.text_of(
                    &["p", "tab", "br", "cr", "tc"],
                    &["del", "moveFrom", "delText", "instrText", "Fallback"],
                )?;
                if !text.is_empty() {
                    self.0.insert((label, id), labelled(label, author, &text));
                }
            }
        }
        Ok(())
    }

    /// The note with that number, at its first reference only.
    pub(super) fn take(&mut self, label: &'static str, id: &str) -> Option<String> {
        self.0.remove(&(label, id.to_owned()))
    }
}

fn labelled(label: &str, author: Option<String>, text: &str) -> String {
    match (label, author) {
        ("comment", Some(author)) => format!("Comment by {author}: {text}"),
        ("comment", None) => format!("Comment: {text}"),
        _ => format!("Note: {text}"),
    }
}
