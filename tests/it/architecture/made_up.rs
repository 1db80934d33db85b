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

/// The circles of a crate of these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    circles::circles(&source(files))
}

#[test]
fn two_files_that_use_each_other_are_a_circle() {
    let files = [
        ("lib.rs", "mod chat; mod store;"),
        ("chat.rs", "use crate::store::{self, Row}; pub struct Turn;"),
        (
            "store.rs",
            "pub struct Row; fn f() -> crate::chat::Turn { todo!() }",
        ),
    ];
    let found = circles_of(&files);
    assert_eq!(found, ["a circle of imports: chat.rs, store.rs"]);
    let one_way = ("store.rs", "pub struct Row; // crate::chat::Turn");
    assert!(circles_of(&[files[0], files[1], one_way]).is_empty());
}

#[test]
fn a_circle_over_a_third_file_or_a_name_that_is_passed_on_is_found() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a/mod.rs", "mod inner; pub use inner::Inner;"),
        ("a/inner.rs", "use crate::b::B; pub struct Inner;"),
        ("b.rs", "use crate::c::C as Other; pub struct B;"),
        ("c.rs", "use super::a::Inner; pub struct C;"),
    ];
    let found = circles_of(&files);
    assert_eq!(found, ["a circle of imports: a/inner.rs, b.rs, c.rs"]);
}

#[test]
fn a_parent_that_only_passes_names_on_is_in_no_circle() {
    let passes_on = ("chat/mod.rs", "mod turn; pub use turn::{Turn, Whole};");
    let defines = (
        "chat/mod.rs",
        "mod turn; use turn::Turn; pub struct Part(Turn);",
    );
    let child = (
        "chat/turn.rs",
        "use super::Whole; pub struct Turn; pub struct Whole;",
    );
    assert!(circles_of(&[passes_on, child]).is_empty());
    let child = ("chat/turn.rs", "use super::Part; pub struct Turn;");
    assert_eq!(circles_of(&[defines, child]).len(), 1);
    let tests = ("chat/turn_tests.rs", "use super::Part;");
    assert!(circles_of(&[defines, tests]).is_empty());
}

#[test]
fn a_parameter_that_is_a_tuple_is_a_fault() {
    let faults = |text: &str| signatures::tuple_faults(&source(&[("a.rs", text)])).len();
    for tuple in [
        "fn f((a, b): (&A, B)) {}",
        "fn f<T: Into<A>>(&self, pair: (T, Vec<B>)) {}",
        "async fn f(a: A, (b, (c, d)): (B, (C, D)),) {}",
        "fn f(pair: &'a (A, B)) {}",
    ] {
        assert_eq!(faults(tuple), 1, "{tuple}");
    }
    for plain in [
        "fn f(a: A, b: HashMap<A, (B, C)>) -> (A, B) {}",
        "fn f(pairs: &[(A, B)], of: impl Fn((A, B)) -> C, unit: ()) {}",
        "fn from((a, b): (A, B)) -> Self {}",
        "// fn f((a, b): (A, B)) {}",
        "fn f(text: &str) -> u8 { let g = |(a, b): (A, B)| a; b'(' }",
    ] {
        assert_eq!(faults(plain), 0, "{plain}");
    }
}

#[test]
fn an_old_word_is_found_in_texts_and_in_names() {
    let faults = |text: &str| words::word_faults(&source(&[("a.rs", text)])).len();
    for old in [
        "struct FlightKey;",
        "let store_bells = 1;",
        "/// Parsed once at the Door.",
        "\"it failed for good\"",
        "// What is none.",
        "one of the lower floors",
    ] {
        assert_eq!(faults(old), 1, "{old}");
    }
    for plain in [
        "fn probes_in_flight() {}",
        "mod single_flight;",
        "let down = number.floor();",
        "if there.is_none() {} // Where there is none.",
        "// preflight, doorway, dumbbell, for goods, nothing is nonetheless",
    ] {
        assert_eq!(faults(plain), 0, "{plain}");
    }
}
