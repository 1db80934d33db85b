//! The house's rules, checked against the source itself: which room may import which, which room
//! may name which outside crate, how large a file may be, and that both databases have the same
//! migrations. `docs/ARCHITECTURE.md` is the same table in prose. The checker is text-based and
//! proves on made-up houses (`made_up.rs`) that it can fail.

mod made_up;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// Source files by their path below `src/`.
type Files = BTreeMap<String, String>;

/// Every room with its floor. A room imports rooms of lower floors, or itself; on the floor of words
/// everything may import everything. A room that is not here is a fault: give it a floor first.
const FLOORS: &[(&str, u8)] = &[
    ("domain", WORDS),
    ("error", WORDS),
    ("config", WORDS),
    ("telemetry", WORDS),
    ("clock", WORDS),
    ("resilience", WORDS),
    ("outbound", HALF),
    ("secret", WALLS),
    ("store", WALLS),
    ("cache", WALLS),
    ("index", WALLS),
    ("blob", WALLS),
    ("embed", WALLS),
    ("text", WALLS),
    ("provider", WALLS),
    ("rehearsal", WALLS),
    ("memory", PURPOSES),
    ("indexing", PURPOSES),
    ("auth", PURPOSES),
    ("retrieval", PURPOSES),
    ("ingest", PURPOSES),
    ("citation", PURPOSES),
    ("chat", PURPOSES),
    ("review", PURPOSES),
    ("ops", PURPOSES),
    ("app", WHOLE),
    ("http", DOORS),
    ("jobs", DOORS),
    ("cli", DOORS),
];

const WORDS: u8 = 0;
/// Between words and walls: the one HTTP client.
const HALF: u8 = 1;
const WALLS: u8 = 2;
const PURPOSES: u8 = 3;
const WHOLE: u8 = 4;
const DOORS: u8 = 5;

/// Imports that the floors forbid and that are allowed all the same: (importer, imported, reason).
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "chat",
        "retrieval",
        "an answer is made from what retrieval finds",
    ),
    (
        "chat",
        "citation",
        "every marker of an answer is checked before it is shown",
    ),
    ("indexing", "memory", "messages are opened in one place"),
    ("retrieval", "memory", "messages are opened in one place"),
    ("ingest", "memory", "messages are opened in one place"),
    (
        "chat",
        "memory",
        "messages are sealed and opened in one place",
    ),
    (
        "chat",
        "indexing",
        "a deleted room is forgotten when the follower has applied it",
    ),
    (
        "ingest",
        "indexing",
        "a document is indexed when the follower has applied it",
    ),
    (
        "cli",
        "http",
        "`ragd serve`, and a command that finds no server, open that door",
    ),
    (
        "cli",
        "jobs",
        "`ragd serve`, and a command that finds no server, work on jobs",
    ),
];

/// Outside crates that only some rooms may name: (crate, rooms, reason).
const CRATES: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["store"], "all SQL is in store"),
    (
        "qdrant_edge",
        &["index"],
        "the vector engine is a detail of index",
    ),
    (
        "qdrant_client",
        &["index"],
        "the vector server is a detail of index",
    ),
    (
        "whatlang",
        &["index"],
        "the language of a text is a detail of index",
    ),
    (
        "redis",
        &["cache"],
        "the cache's server is a detail of cache",
    ),
    (
        "moka",
        &["cache"],
        "the cache's engine is a detail of cache",
    ),
    (
        "rten",
        &["embed"],
        "the model's runtime is a detail of embed",
    ),
    (
        "rten_tensor",
        &["embed"],
        "the model's runtime is a detail of embed",
    ),
    (
        "tiktoken_rs",
        &["embed"],
        "token ids of other models are a detail of embed",
    ),
    (
        "tokenizers",
        &["embed"],
        "the model's tokenizer is a detail of embed",
    ),
    (
        "safetensors",
        &["embed"],
        "the model's file format is a detail of embed",
    ),
    (
        "hayro_interpret",
        &["text"],
        "document formats are details of text",
    ),
    ("hayro", &["text"], "document formats are details of text"),
    (
        "html5gum",
        &["text"],
        "document formats are details of text",
    ),
    ("zip", &["text"], "document formats are details of text"),
    (
        "quick_xml",
        &["text"],
        "document formats are details of text",
    ),
    (
        "calamine",
        &["text"],
        "document formats are details of text",
    ),
    ("csv", &["text"], "document formats are details of text"),
    (
        "mail_parser",
        &["text"],
        "document formats are details of text",
    ),
    ("text_splitter", &["text"], "chunking is a detail of text"),
    // A command asks its server over HTTP.
    (
        "reqwest",
        &["outbound", "provider", "embed", "cli"],
        "clients are built in outbound, used by wires",
    ),
    (
        "chacha20poly1305",
        &["secret"],
        "encryption at rest is in secret",
    ),
    ("argon2", &["auth"], "passwords are in auth"),
    ("jsonwebtoken", &["auth"], "tokens are in auth"),
    ("prometheus", &["telemetry"], "metrics are declared once"),
    ("axum", &["http"], "HTTP is one door"),
    (
        "hyper",
        &["http", "outbound", "rehearsal"],
        "HTTP is one door; the rehearsal's is a stand-in for an upstream's",
    ),
    (
        "hyper_util",
        &["http", "outbound", "rehearsal"],
        "HTTP is one door; the rehearsal's is a stand-in for an upstream's",
    ),
    ("tower_http", &["http"], "HTTP is one door"),
    ("utoipa", &["http"], "HTTP is one door"),
    ("utoipa_axum", &["http"], "HTTP is one door"),
    ("utoipa_swagger_ui", &["http"], "HTTP is one door"),
    ("clap", &["cli"], "the command line is one door"),
    ("indicatif", &["cli"], "the command line is one door"),
    ("comfy_table", &["cli"], "the command line is one door"),
];

/// The crate's two roots belong to no room.
const ROOTS: [&str; 2] = ["lib.rs", "main.rs"];
const MAX_LINES: usize = 500;
const VAGUE_NAMES: [&str; 4] = ["utils", "helpers", "common", "manager"];

#[test]
fn the_source_keeps_the_houses_rules() {
    let files = read_source(&root().join("src")).unwrap();
    assert!(
        files.len() > 100,
        "the source was not found: {} files",
        files.len()
    );
    let mut faults = import_faults(&files);
    faults.extend(crate_faults(&files));
    faults.extend(file_faults(&files));
    let median = median_lines(&files);
    let count = faults.len();
    assert!(
        count == 0,
        "{count} faults (median file: {median} lines)\n{}",
        faults.join("\n")
    );
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |engine: &str| -> BTreeSet<String> {
        let folder = root().join("migrations").join(engine);
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let sqlite = names("sqlite");
    let faults = migration_faults(&sqlite, &names("postgres"));
    assert!(
        !sqlite.is_empty() && faults.is_empty(),
        "{}",
        faults.join("\n")
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read_source(folder: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(folder)
                    .unwrap_or(&path)
                    .display()
                    .to_string();
                files.insert(name, std::fs::read_to_string(&path)?);
            }
        }
    }
    Ok(files)
}

/// Imports that point up, sideways or nowhere, and rooms without a floor.
fn import_faults(files: &Files) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for (path, text) in files {
        let Some(room) = room_of(path) else { continue };
        if floor_of(room).is_none() {
            faults.insert(format!("src/{path}: room '{room}' has no floor"));
            continue;
        }
        for (line, imported) in imports(path, &code_of(text)) {
            if let Some(fault) = import_fault(room, &imported) {
                faults.insert(format!("src/{path}:{line}: {fault}"));
            }
        }
    }
    faults.into_iter().collect()
}

fn import_fault(room: &str, imported: &str) -> Option<String> {
    if room == imported {
        return None;
    }
    let Some(below) = floor_of(imported) else {
        return Some(format!("'{room}' imports '{imported}', which has no floor"));
    };
    let above = floor_of(room)?;
    let excepted = EXCEPTIONS
        .iter()
        .any(|(from, to, _)| (*from, *to) == (room, imported));
    let allowed = below < above || (below == WORDS && above == WORDS) || excepted;
    (!allowed).then(|| {
        let way = if below > above { "up" } else { "sideways" };
        format!("'{room}' imports '{imported}': imports point down, not {way}")
    })
}

/// The room of a file: its first folder, or the file itself; `None` for the crate's roots.
fn room_of(path: &str) -> Option<&str> {
    if ROOTS.contains(&path) {
        return None;
    }
    path.split(['/', '.']).next()
}

fn floor_of(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

/// The text without its comments; lines stay where they are. A `//` behind a colon is an address.
fn code_of(text: &str) -> String {
    let code_of_line = |line: &str| -> String {
        let comment = line
            .match_indices("//")
            .find(|(at, _)| !line[..*at].ends_with(':'));
        comment.map_or(line, |(at, _)| &line[..at]).to_owned()
    };
    text.lines()
        .map(code_of_line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every room that the code names, with its line: by `crate::`, alone or grouped, and by `super::`
/// where that climbs out of the room.
fn imports(path: &str, code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, name) in words(code) {
        let line = code[..at].matches('\n').count() + 1;
        let after = &code[at + name.len()..];
        if name == "crate" && after.starts_with("::") {
            let rooms = first_names(&after[2..]);
            found.extend(rooms.into_iter().map(|room| (line, room)));
        }
        let starts_chain = name == "super" && !code[..at].ends_with("::");
        if starts_chain && let Some(room) = climbs_to(path, &code[at..]) {
            found.push((line, room));
        }
    }
    found
}

/// The words of the code (identifiers and keywords) with their places.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.split(move |c: char| !is_part(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

/// The first name of each path behind `crate::`: one, or each of a group.
fn first_names(path: &str) -> Vec<String> {
    let first = |text: &str| -> String {
        let text = text.trim_start();
        let name: String = text
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if name.is_empty() {
            text.chars().take(1).collect()
        } else {
            name
        }
    };
    let Some(group) = path.trim_start().strip_prefix('{') else {
        return vec![first(path)];
    };
    let mut names = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                if !group[from..at].trim().is_empty() {
                    names.push(first(&group[from..at]));
                }
                from = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

/// The room that a chain of `super::` reaches, if it leaves the room of `path`.
fn climbs_to(path: &str, code: &str) -> Option<String> {
    let mut rest = code;
    let mut climbed = 0;
    while let Some(next) = rest.strip_prefix("super::") {
        rest = next;
        climbed += 1;
    }
    let folders = path.matches('/').count();
    let depth = if path.ends_with("/mod.rs") {
        folders
    } else {
        folders + 1
    };
    let room = first_names(rest).into_iter().next()?;
    (climbed >= depth && floor_of(&room).is_some()).then_some(room)
}

/// Outside crates that are named where they are not at home.
fn crate_faults(files: &Files) -> Vec<String> {
    let mut faults = BTreeSet::new();
    for (path, text) in files {
        let Some(room) = room_of(path) else { continue };
        let code = code_of(text);
        for (at, name) in words(&code) {
            let Some((_, homes, reason)) = CRATES.iter().find(|(known, ..)| *known == name) else {
                continue;
            };
            let (before, after) = (&code[..at], &code[at + name.len()..]);
            let is_crate =
                !before.ends_with("::") && (after.starts_with("::") || before.ends_with("use "));
            // A log filter names targets, not crates.
            let in_text = before
                .lines()
                .next_back()
                .unwrap_or("")
                .matches('"')
                .count()
                % 2
                == 1;
            if is_crate && !in_text && !homes.contains(&room) {
                let line = before.matches('\n').count() + 1;
                faults.insert(format!(
                    "src/{path}:{line}: '{room}' names {name}: {reason}"
                ));
            }
        }
    }
    faults.into_iter().collect()
}

/// Files that are too long, say nothing of themselves, or have a name that says nothing.
fn file_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files {
        let lines = text.lines().count();
        if lines > MAX_LINES {
            faults.push(format!("src/{path}: {lines} lines, at most {MAX_LINES}"));
        }
        if !text.starts_with("//!") {
            faults.push(format!("src/{path}: must begin with //! and what it owns"));
        }
        for part in path.trim_end_matches(".rs").split('/') {
            if VAGUE_NAMES.contains(&part) {
                faults.push(format!(
                    "src/{path}: '{part}' says nothing of what it holds"
                ));
            }
        }
    }
    faults
}

fn median_lines(files: &Files) -> usize {
    let mut lines: Vec<usize> = files.values().map(|text| text.lines().count()).collect();
    lines.sort_unstable();
    lines.get(lines.len() / 2).copied().unwrap_or(0)
}

/// Migrations that one engine lacks, or that go only one way.
fn migration_faults(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> Vec<String> {
    let mut faults: Vec<String> = sqlite
        .symmetric_difference(postgres)
        .map(|name| format!("only one engine has {name}"))
        .collect();
    for name in sqlite.union(postgres) {
        let other = match (name.strip_suffix(".up.sql"), name.strip_suffix(".down.sql")) {
            (Some(stem), _) => format!("{stem}.down.sql"),
            (_, Some(stem)) => format!("{stem}.up.sql"),
            _ => {
                faults.push(format!("{name} is neither .up.sql nor .down.sql"));
                continue;
            }
        };
        if !sqlite.contains(&other) && !postgres.contains(&other) {
            faults.push(format!("{name} has no {other}"));
        }
    }
    faults
}
