//! Passages: exact offsets, whole coverage, cuts where the text itself is cut.

use super::{extract, slice};
use proptest::prelude::*;
use ragd::text::{Chunk, ChunkSettings, Extracted, Page, Section, chunk};
use std::fmt::Write;

fn settings(size_chars: usize, overlap_chars: usize) -> ChunkSettings {
    ChunkSettings {
        size_chars,
        overlap_chars,
    }
}

/// Text of all kinds of breaks and widths, with sections and pages at arbitrary places.
fn documents() -> impl Strategy<Value = Extracted> {
    let words = prop::sample::select(vec![
        "word",
        "Über",
        "日本語。",
        "🦀",
        "\n",
        "\n\n",
        " ",
        ".",
        "Mr. X.",
        "end. ",
        "e\u{301}",
        "\r\n\r\n",
        "\u{c}",
        "averyveryverylongwordthatgoesonandonandonwithoutanyplacetocut",
    ]);
    (
        prop::collection::vec(words, 0..300),
        prop::collection::vec((0_usize..1000, 1_u8..5), 0..8),
        prop::collection::btree_set(0_usize..1000, 0..6),
    )
        .prop_map(|(words, mut headings, cuts)| {
            let text = words.join(" ");
            let chars = text.chars().count();
            headings.sort_unstable();
            let sections = headings
                .into_iter()
                .filter(|(at, _)| *at < chars)
                .map(|(char_start, level)| Section {
                    char_start,
                    level,
                    title: format!("H{level}"),
                })
                .collect();
            let mut ends: Vec<usize> = cuts.into_iter().filter(|at| *at < chars).collect();
            ends.push(chars);
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let pages = (1..)
                .zip(starts.zip(ends.clone()))
                .map(|(number, (char_start, char_end))| Page {
                    number,
                    char_start,
                    char_end,
                })
                .collect();
            Extracted {
                text,
                sections,
                pages,
                ..Extracted::default()
            }
        })
}

proptest! {
    #[test]
    fn offsets_are_exact_and_all_text_is_covered(
        document in documents(),
        size in 1_usize..400,
        overlap in 0_usize..300,
    ) {
        let chunks = chunk(&document, &settings(size, overlap));
        let mut covered = 0;
        for (at, chunk) in chunks.iter().enumerate() {
            let (start, end) = (chunk.char_start as usize, chunk.char_end as usize);
            prop_assert_eq!(chunk.ordinal, at as i64);
            prop_assert_eq!(&chunk.text, &slice(&document.text, start, end));
            prop_assert_eq!(chunk.text.trim(), &chunk.text);
            prop_assert!(!chunk.text.is_empty());
            prop_assert!(end - start <= size.max(50));
            let page = document.pages.iter().find(|page| Some(i64::from(page.number)) == chunk.page);
            let page = page.expect("every passage has a page");
            prop_assert!(page.char_start < end && page.char_end > start);
            // What lies between two passages is white space.
            if start > covered {
                prop_assert!(slice(&document.text, covered, start).trim().is_empty());
            }
            prop_assert!(end > covered, "a passage adds something");
            covered = end;
        }
        prop_assert!(slice(&document.text, covered, usize::MAX / 2).trim().is_empty());
    }
}

fn marked(text: &str) -> Extracted {
    let mut sections = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let level = line.chars().take_while(|c| *c == '#').count();
        if level > 0 {
            sections.push(Section {
                char_start: at,
                level: u8::try_from(level).unwrap(),
                title: line[level..].trim().to_owned(),
            });
        }
        at += line.chars().count();
    }
    Extracted {
        text: text.to_owned(),
        sections,
        ..Extracted::default()
    }
}

fn summary(chunks: &[Chunk]) -> Vec<(&str, usize)> {
    chunks
        .iter()
        .map(|chunk| (chunk.heading.as_str(), chunk.text.len()))
        .collect()
}

#[test]
fn sections_stay_apart_and_small_ones_come_together() {
    let words = "Some words of a section. ".repeat(12);
    let text = format!(
        "# Book\n\n## One\n\n### A\n\nShort.\n\n### B\n\nAlso short.\n\n## Two\n\n{words}\n\n## Three\n\n{words}\n"
    );
    let document = marked(&text);
    let chunks = chunk(&document, &settings(400, 50));
    let headings: Vec<&str> = chunks.iter().map(|chunk| chunk.heading.as_str()).collect();
    // The title is too small to stand alone; what is true of all of its passage is the book.
    assert_eq!(
        headings,
        ["Book", "Book › Two", "Book › Three"],
        "{:?}",
        summary(&chunks)
    );
    assert!(chunks[0].text.starts_with("# Book") && chunks[0].text.ends_with("Also short."));
    assert!(chunks[1].text.starts_with("## Two"));
}

#[test]
fn long_sections_are_cut_between_sentences_and_overlap() {
    let mut text = String::from("# One\n\n");
    for number in 0..40 {
        write!(text, "This is sentence number {number} of the section. ").unwrap();
    }
    text.push_str(
        "\n\n# Two\n\nNothing of the first section is repeated here, although it is near.",
    );
    let document = marked(&text);
    let chunks = chunk(&document, &settings(400, 60));
    let (last, first) = chunks.split_last().unwrap();
    for pair in first.windows(2) {
        assert!(pair[0].text.ends_with('.') && pair[1].text.starts_with("This is"));
        let overlap = pair[0].char_end - pair[1].char_start;
        assert!((1..=60).contains(&overlap), "{overlap}");
    }
    assert!(last.text.starts_with("# Two"));
    assert_eq!(last.heading, "Two");
}

#[test]
fn passages_keep_to_a_page_unless_a_sentence_goes_on() {
    let sentence = "Every page has sentences that end. ".repeat(8);
    let open = format!("{sentence}This one goes on to");
    let pages = [
        sentence.trim_end(),
        open.as_str(),
        "the next page and ends there.",
        "Last.",
    ];
    let mut document = Extracted::default();
    for (number, page) in (1..).zip(pages) {
        if !document.text.is_empty() {
            document.text.push('\n');
        }
        let char_start = document.text.chars().count();
        document.text.push_str(page);
        document.pages.push(Page {
            number,
            char_start,
            char_end: document.text.chars().count(),
        });
    }
    let chunks = chunk(&document, &settings(400, 0));
    let found: Vec<_> = chunks.iter().map(|chunk| chunk.page).collect();
    assert_eq!(found, [Some(1), Some(2)]);
    assert!(chunks[1].text.contains("goes on to\nthe next page"));
}

#[tokio::test]
async fn ten_megabytes_are_cut() {
    let line = "x".repeat(10_000_000);
    let document = extract("a.txt", line.as_bytes()).await.unwrap();
    let chunks = chunk(&document, &ChunkSettings::default());
    assert!(
        chunks.len() >= 10_000 && chunks.len() < 13_000,
        "{}",
        chunks.len()
    );
    let prose = "A sentence of some words, then another one. ".repeat(227_000);
    let document = extract("a.txt", prose.as_bytes()).await.unwrap();
    let chunks = chunk(&document, &ChunkSettings::default());
    assert!(chunks.iter().all(|chunk| chunk.text.ends_with('.')));
}

#[test]
fn tables_of_contents_are_not_taken_for_text() {
    let contents = "Contents\n1 Start … 1\n1.1 More … 2\n2 End … iv\nIndex … 9";
    let prose = "He waited … 3 days.\nThen he left.\nNobody knew.";
    let one = |text: &str| {
        let document = Extracted {
            text: text.to_owned(),
            ..Extracted::default()
        };
        chunk(&document, &ChunkSettings::default()).remove(0)
    };
    assert!(one(contents).is_directory);
    assert!(!one(prose).is_directory);
}
