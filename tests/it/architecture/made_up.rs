//! The checks on made-up sources: each rule, once broken and once kept.

use super::*;

fn source(files: &[(&str, &str)]) -> Files {
    let with_head = |text: &str| format!("//! A file.\n{text}\n");
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), with_head(text)))
        .collect()
}

#[test]
fn a_file_that_is_long_or_vague_or_silent_is_a_fault() {
    let long = "\n".repeat(MAX_LINES);
    let mut files = source(&[("chat/mod.rs", &long), ("chat/utils/mod.rs", "")]);
    files.insert("chat/silent.rs".to_owned(), "struct S;".to_owned());
    assert_eq!(file_faults(&files).len(), 3, "{:?}", file_faults(&files));
    assert_eq!(
        file_faults(&source(&[("chat/mod.rs", "struct S;")])),
        Vec::<String>::new()
    );
}

#[test]
fn migrations_come_in_fours() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let pair: BTreeSet<String> = names(&["0001_a.up.sql", "0001_a.down.sql"]);
    assert_eq!(migration_faults(&pair, &pair), Vec::<String>::new());
    let more: BTreeSet<String> = names(&["0001_a.up.sql", "0001_a.down.sql", "0002_b.up.sql"]);
    assert_eq!(migration_faults(&pair, &more).len(), 2);
}
