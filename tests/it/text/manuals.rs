//! The two PDF manuals of Debian's `bash-doc`, where `RAGD_BASH_DOC` names the folder that has
//! `bash.pdf` and `bashref.pdf`; skipped and counted where it does not.

use super::slice;
use crate::support::skip::bash_doc;
use ragd::domain::FileName;
use ragd::text::{ChunkSettings, ExtractLimits, Extracted, Extractor, chunk};

async fn manual(name: &str) -> Option<Extracted> {
    let folder = bash_doc()?;
    let extractor = Extractor::new(env!("CARGO_BIN_EXE_ragd"), ExtractLimits::default(), 1);
    let name_of_file = FileName::parse(name).unwrap();
    let found = extractor.extract(&folder.join(name), &name_of_file).await;
    Some(found.unwrap())
}

/// The pages whose text has `words`.
fn pages_with(manual: &Extracted, words: &str) -> Vec<u32> {
    manual
        .pages
        .iter()
        .filter(|page| slice(&manual.text, page.char_start, page.char_end).contains(words))
        .map(|page| page.number)
        .collect()
}

#[tokio::test]
async fn the_reference_manual_is_read_page_by_page() {
    let Some(manual) = manual("bashref.pdf").await else {
        return;
    };
    assert_eq!(manual.pages.len(), 196);
    assert_eq!(manual.title.as_deref(), Some("Bash Reference Manual"));
    // Printed as page 18, the 24th of the file.
    let sentence = "A coprocess is executed asynchronously in a subshell, as if the command had been \
                    terminated with the ‘&’ control operator";
    assert_eq!(pages_with(&manual, sentence), [24]);
    assert!(pages_with(&manual, "Chapter 3: Basic Shell Features").is_empty());
    assert!(
        manual
            .text
            .contains("usually a list enclosed between { and }")
    );
    assert!(!manual.text.contains(". . . ."));
    let coprocesses = manual
        .sections
        .iter()
        .find(|section| section.title.contains("Coprocesses"))
        .unwrap();
    let at = coprocesses.char_start;
    assert_eq!(slice(&manual.text, at, at + 17), "3.2.6 Coprocesses");

    let chunks = chunk(&manual, &ChunkSettings::default());
    let about = chunks
        .iter()
        .find(|chunk| {
            chunk
                .text
                .contains("A coprocess is executed asynchronously")
        })
        .unwrap();
    assert_eq!(about.page, Some(24));
    assert!(
        about.heading.ends_with("Shell Commands › Coprocesses"),
        "{}",
        about.heading
    );
    assert!(chunks.iter().filter(|chunk| chunk.is_directory).count() > 5);
}

#[tokio::test]
async fn the_manual_page_is_read_page_by_page() {
    let Some(manual) = manual("bash.pdf").await else {
        return;
    };
    assert_eq!(manual.pages.len(), 87);
    let sentence = "Bash is an sh-compatible command language interpreter";
    assert_eq!(pages_with(&manual, sentence), [1]);
    assert_eq!(pages_with(&manual, "--rcfile file"), [2, 3]);
    assert!(manual.text.contains("~/.bashrc"));
    for chunk in chunk(&manual, &ChunkSettings::default()) {
        let (start, end) = (chunk.char_start as usize, chunk.char_end as usize);
        let pages = manual.pages.iter();
        let mut within = pages.filter(|page| page.char_start < end && page.char_end > start);
        assert!(within.any(|page| Some(i64::from(page.number)) == chunk.page));
    }
}
