//! The checker on made-up houses: each rule, once broken and once kept.

use super::*;

fn house(files: &[(&str, &str)]) -> Files {
    let with_head = |text: &str| format!("//! A file.\n{text}\n");
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), with_head(text)))
        .collect()
}

#[test]
fn an_import_upward_is_a_fault() {
    for code in [
        "use crate::chat::Chat;",
        "fn f(chat: &crate::chat::Chat) {}",
        "use crate::{error::Error, chat::{Chat, Answer}};",
        "use crate::{\n    error::Error,\n    chat,\n};",
        "use super::super::chat::Chat;",
    ] {
        let faults = import_faults(&house(&[("store/rooms.rs", code)]));
        assert_eq!(faults.len(), 1, "{code}: {faults:?}");
        assert!(faults[0].contains("'store' imports 'chat'") && faults[0].contains("up"));
    }
}

#[test]
fn an_import_sideways_is_a_fault() {
    for (path, code) in [
        ("store/mod.rs", "use crate::index::Index;"),
        ("retrieval/mod.rs", "use crate::chat::Chat;"),
        ("jobs/mod.rs", "use crate::http::serve;"),
        ("http/mod.rs", "use super::cli::Command;"),
    ] {
        let faults = import_faults(&house(&[(path, code)]));
        assert_eq!(faults.len(), 1, "{path}: {faults:?}");
    }
    let faults = import_faults(&house(&[("store/mod.rs", "use crate::index::Index;")]));
    assert!(faults[0].starts_with("src/store/mod.rs:2:") && faults[0].contains("sideways"));
}

#[test]
fn an_import_downward_within_or_excepted_is_none() {
    let files = house(&[
        (
            "chat/turn.rs",
            "use crate::store::Store;\nuse crate::{config, error::Result};",
        ),
        (
            "chat/mod.rs",
            "use crate::retrieval::Retrieval;\nuse crate::chat::turn::Turn;",
        ),
        ("domain/id.rs", "use crate::error::Error;"),
        ("provider/mod.rs", "use crate::outbound::api_client;"),
        ("http/router.rs", "use super::chat;\nuse super::jobs::get;"),
        (
            "store/mod.rs",
            "// use crate::chat::Chat;\n/// See [`crate::chat`].\nstruct Store;",
        ),
        ("main.rs", "use ragd::cli;"),
        ("lib.rs", "pub use crate::chat::Chat;"),
    ]);
    assert_eq!(import_faults(&files), Vec::<String>::new());
}

#[test]
fn a_room_without_a_floor_is_a_fault() {
    let faults = import_faults(&house(&[
        ("attic/mod.rs", "struct Box;"),
        ("chat/mod.rs", "use crate::cellar::Wine;\nuse crate::*;"),
    ]));
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[test]
fn an_outside_crate_away_from_home_is_a_fault() {
    let strangers = house(&[
        ("chat/mod.rs", "use sqlx::PgPool;"),
        ("auth/mod.rs", "fn f(c: &reqwest::Client) {}"),
        ("app/mod.rs", "#[derive(utoipa::ToSchema)]\nstruct A;"),
    ]);
    assert_eq!(
        crate_faults(&strangers).len(),
        3,
        "{:?}",
        crate_faults(&strangers)
    );
    let at_home = house(&[
        ("store/mod.rs", "use sqlx::PgPool;"),
        (
            "telemetry/log.rs",
            "const FILTER: &str = \"info,sqlx::query=warn\";",
        ),
        (
            "http/mod.rs",
            "use axum::Router; // and crate::sqlx::nothing",
        ),
    ]);
    assert_eq!(crate_faults(&at_home), Vec::<String>::new());
}

#[test]
fn a_file_that_is_long_or_vague_or_silent_is_a_fault() {
    let long = "\n".repeat(MAX_LINES);
    let mut files = house(&[("chat/mod.rs", &long), ("chat/utils/mod.rs", "")]);
    files.insert("chat/silent.rs".to_owned(), "struct S;".to_owned());
    assert_eq!(file_faults(&files).len(), 3, "{:?}", file_faults(&files));
    assert_eq!(
        file_faults(&house(&[("chat/mod.rs", "struct S;")])),
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
