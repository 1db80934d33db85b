//! Inserts recognised text into the extracted text, each page's at the place of the page, and moves
//! the offsets of pages and sections behind it accordingly.

use super::super::{Extracted, Page};
use std::collections::BTreeMap;

/// `extracted` with the recognised `texts` of its pages. If the format has no pages, as a picture,
/// they are added.
pub(crate) fn merge(extracted: Extracted, mut texts: BTreeMap<u32, String>) -> Extracted {
    let mut pages = extracted.pages;
    if pages.is_empty() {
        let at_start = |number: &u32| Page {
            number: *number,
            char_start: 0,
            char_end: 0,
        };
        pages = extracted.unread.iter().map(at_start).collect();
    }
    let mut rest = extracted.text.chars();
    let mut out = Growing::default();
    // The offsets in the old text at which text was inserted, and how much was inserted up to
    // there.
    let mut moved: Vec<(usize, usize)> = Vec::new();
    let mut taken = 0;
    for page in &mut pages {
        let by = moved.last().map_or(0, |(_, added)| *added);
        let recognised = texts.remove(&page.number).filter(|text| !text.is_empty());
        let Some(recognised) = recognised.filter(|_| page.char_start == page.char_end) else {
            page.char_start += by;
            page.char_end += by;
            continue;
        };
        let at = page.char_start;
        out.extend(rest.by_ref().take(at - taken));
        taken = at;
        let before = out.chars;
        if !out.text.is_empty() && !out.text.ends_with('\n') {
            out.extend("\n\n".chars());
        }
        page.char_start = out.chars;
        out.extend(recognised.chars());
        page.char_end = out.chars;
        if rest.clone().next().is_some_and(|next| next != '\n') {
            out.extend("\n\n".chars());
        }
        moved.push((at, by + out.chars - before));
    }
    out.extend(rest);
    let mut sections = extracted.sections;
    for section in &mut sections {
        let before = moved.partition_point(|(at, _)| *at <= section.char_start);
        let added = before.checked_sub(1).and_then(|last| moved.get(last));
        section.char_start += added.map_or(0, |(_, added)| *added);
    }
    Extracted {
        text: out.text,
        pages,
        sections,
        unread: Vec::new(),
        ..extracted
    }
}

/// A text with its length in characters.
#[derive(Default)]
struct Growing {
    text: String,
    chars: usize,
}

impl Growing {
    fn extend(&mut self, more: impl Iterator<Item = char>) {
        for c in more {
            self.text.push(c);
            self.chars += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Section;
    use super::*;

    fn page(number: u32, char_start: usize, char_end: usize) -> Page {
        Page {
            number,
            char_start,
            char_end,
        }
    }

    #[test]
    fn recognised_pages_stand_in_their_place_and_everything_still_points_right() {
        let extracted = Extracted {
            text: "één\n\nTwo".to_owned(),
            pages: vec![
                page(1, 0, 0),
                page(2, 0, 3),
                page(3, 3, 3),
                page(4, 5, 8),
                page(5, 8, 8),
            ],
            sections: vec![Section {
                char_start: 5,
                level: 1,
                title: "Two".to_owned(),
            }],
            unread: vec![1, 3, 5],
            ..Extracted::default()
        };
        let words = [(1, "Zeroth"), (3, "Middle"), (5, "")];
        let words = words.map(|(number, text)| (number, text.to_owned()));
        let merged = merge(extracted, words.into());
        assert_eq!(merged.text, "Zeroth\n\néén\n\nMiddle\n\nTwo");
        let slice = |page: &Page| -> String {
            let chars = merged.text.chars().skip(page.char_start);
            chars.take(page.char_end - page.char_start).collect()
        };
        let pages: Vec<String> = merged.pages.iter().map(slice).collect();
        assert_eq!(pages, ["Zeroth", "één", "Middle", "Two", ""]);
        let heading: String = merged
            .text
            .chars()
            .skip(merged.sections[0].char_start)
            .collect();
        assert_eq!(heading, "Two");
        assert!(merged.unread.is_empty());
    }

    #[test]
    fn a_picture_gets_the_pages_that_it_has() {
        let extracted = Extracted {
            unread: vec![1, 2],
            ..Extracted::default()
        };
        let words = [(1, "One".to_owned()), (2, "Two".to_owned())];
        let merged = merge(extracted, words.into());
        assert_eq!(merged.text, "One\n\nTwo");
        assert_eq!(merged.pages, [page(1, 0, 3), page(2, 5, 8)]);
    }
}
