//! The content of a document: its text, and the offsets of its pages and sections. All offsets
//! count Unicode scalar values from the start of the text.

use serde::{Deserialize, Serialize};

/// The text of a document with its pages and sections, which citations refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// The whole text.
    pub text: String,
    /// The title, if the document has one.
    pub title: Option<String>,
    /// The media type of the format.
    pub content_type: String,
    /// Its pages in order, if the format has pages; an image-only page is empty.
    pub pages: Vec<Page>,
    /// Its headings in order.
    pub sections: Vec<Section>,
    /// The numbers of the pages that are pictures, which only OCR can read.
    #[serde(default)]
    pub unread: Vec<u32>,
    /// How many lines were left out because they repeat on every page.
    #[serde(default)]
    pub left_out: usize,
}

impl Extracted {
    /// The first heading that is in the text; the names of some sections are not.
    pub(super) fn first_heading(&self) -> Option<String> {
        let mut rest = self.text.chars();
        let mut at = 0;
        self.sections.iter().find_map(|section| {
            if section.char_start > at {
                rest.nth(section.char_start - at - 1);
                at = section.char_start;
            }
            let found = rest.as_str().starts_with(&section.title);
            found.then(|| section.title.clone())
        })
    }
}

/// A page: its text is `char_start..char_end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its position in the file, from 1; the number printed on it may differ.
    pub number: u32,
    /// Where its text begins.
    pub char_start: usize,
    /// Where its text ends (exclusive).
    pub char_end: usize,
}

/// A heading and what follows it, up to the next heading of the same or a higher level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Where its heading begins.
    pub char_start: usize,
    /// 1 is the outermost level.
    pub level: u8,
    /// The heading, without markup.
    pub title: String,
}
