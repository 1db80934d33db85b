//! Blocks, on the layouts that documents come in.

use super::*;

fn shape(text: &str) -> Vec<(BlockKind, &str, String)> {
    parse(text)
        .into_iter()
        .map(|block| (block.kind, block.term, block.lines.join(" ")))
        .collect()
}

fn block<'a>(kind: BlockKind, term: &'a str, text: &str) -> (BlockKind, &'a str, String) {
    (kind, term, text.to_owned())
}

use BlockKind::{Code, Entry, Heading, Item, Paragraph};

#[test]
fn markdown() {
    let text = "# Setup\n\nInstall it\nfirst.\n\n- one\n  more\n- two\n1. three\n\n```sh\nrun --now\n```\n\
                After.\n\nTitle\n=====\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    let expected = [
        block(Heading, "", "Setup"),
        block(Paragraph, "", "Install it first."),
        block(Item, "", "one more"),
        block(Item, "", "two"),
        block(Item, "", "three"),
        block(Code, "", "run --now"),
        block(Paragraph, "", "After."),
        block(Heading, "", "Title"),
        block(Item, "", "| a | b |"),
        block(Item, "", "| 1 | 2 |"),
    ];
    assert_eq!(shape(text), expected);
}

#[test]
fn a_manual_page() {
    let text = "SHELL VARIABLES\n       The shell sets these.\n\n       CACHE_DIR\n              Where files are kept.\n\
                \n              It is made at start.\n       CACHE_MAX\n              The most\n              files.\n\
                \x20      -q     Be quiet about it.\nFILES\n       None.";
    let expected = [
        block(Heading, "", "SHELL VARIABLES"),
        block(Paragraph, "", "The shell sets these."),
        block(Entry, "CACHE_DIR", "Where files are kept."),
        block(Entry, "CACHE_DIR", "It is made at start."),
        block(Entry, "CACHE_MAX", "The most files."),
        block(Entry, "-q", "Be quiet about it."),
        block(Heading, "", "FILES"),
        block(Paragraph, "", "None."),
    ];
    assert_eq!(shape(text), expected);
}

#[test]
fn entries_without_indentation_and_definition_lists() {
    let text = "cache_size (integer)\n\nSets how many pages are kept.\ncache_mode (enum)\nSets how they are \
                kept.\n\nCache\n: A store of recent pages.\n";
    let expected = [
        block(
            Entry,
            "cache_size (integer)",
            "Sets how many pages are kept.",
        ),
        block(Entry, "cache_mode (enum)", "Sets how they are kept."),
        block(Entry, "Cache", "A store of recent pages."),
    ];
    assert_eq!(shape(text), expected);
}

#[test]
fn running_text_is_not_taken_for_terms() {
    let text = "The value of\n  max_size is read when\nHTTP is on. It then\nholds.\n";
    assert_eq!(
        shape(text),
        [block(
            Paragraph,
            "",
            "The value of max_size is read when HTTP is on. It then holds."
        )]
    );
}

#[test]
fn an_open_fence_ends_with_the_text_and_marks_alone_are_nothing() {
    assert_eq!(shape("```\nlet a = 1;"), [block(Code, "", "let a = 1;")]);
    assert_eq!(shape("---\n\n***\n"), []);
}
