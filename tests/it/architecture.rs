//! Rules that the compiler does not know, checked against the source itself: how large a file may be,
//! what it must say of itself, that no files import each other in a circle, that no function takes a
//! tuple, that no word of the old vocabulary is left, and that both databases have the same migrations.
//! Cargo keeps the order of the crates. The checks are text-based and prove on made-up sources
//! (`made_up.rs`) that they can fail.

mod circles;
mod made_up;
mod signatures;
mod tokens;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// Source files by their path.
type Files = BTreeMap<String, String>;

const MAX_LINES: usize = 500;
const VAGUE_NAMES: [&str; 4] = ["utils", "helpers", "common", "manager"];

#[test]
fn files_are_small_and_say_what_they_own() {
    let mut files = Files::new();
    for folder in ["src", "crates", "benches"] {
        read_source(&root().join(folder), &mut files).unwrap();
    }
    assert!(
        files.len() > 300,
        "the source was not found: {} files",
        files.len()
    );
    let faults = file_faults(&files);
    let (count, median) = (faults.len(), median_lines(&files));
    assert!(
        count == 0,
        "{count} faults (median file: {median} lines)\n{}",
        faults.join("\n")
    );
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut folders = vec![root().join("src")];
    folders.extend(["gateway", "scale"].map(|bench| root().join("benches").join(bench)));
    for crate_folder in std::fs::read_dir(root().join("crates")).unwrap() {
        folders.push(crate_folder.unwrap().path().join("src"));
    }
    let mut faults = Vec::new();
    for folder in folders {
        let mut files = Files::new();
        read_source(&folder, &mut files).unwrap();
        assert!(!files.is_empty(), "{}", folder.display());
        let of_root = format!("{}/", folder.strip_prefix(root()).unwrap().display());
        let files = files
            .into_iter()
            .map(|(path, text)| (path.trim_start_matches(&of_root).to_owned(), text));
        let found = circles::circles(&files.collect()).into_iter();
        faults.extend(found.map(|fault| format!("{of_root} {fault}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_function_takes_a_tuple() {
    let mut files = Files::new();
    for folder in ["src", "crates", "benches"] {
        read_source(&root().join(folder), &mut files).unwrap();
    }
    let faults = signatures::tuple_faults(&files);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_word_of_the_old_vocabulary_is_left() {
    let mut files = Files::new();
    for folder in ["src", "crates"] {
        read_source(&root().join(folder), &mut files).unwrap();
    }
    let mut documents = vec![root().join("README.md")];
    for document in std::fs::read_dir(root().join("docs")).unwrap() {
        documents.push(document.unwrap().path());
    }
    for path in documents.iter().filter(|path| path.is_file()) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        files.insert(name, std::fs::read_to_string(path).unwrap());
    }
    let faults = words::word_faults(&files);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
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

/// Reads every source file below `folder`, by its path from the repository's root.
fn read_source(folder: &Path, files: &mut Files) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap_or(&path).display();
                files.insert(name.to_string(), std::fs::read_to_string(&path)?);
            }
        }
    }
    Ok(())
}

/// Files that are too long, say nothing of themselves, or have a name that says nothing.
fn file_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files {
        let lines = text.lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{path}: {lines} lines, at most {MAX_LINES}"));
        }
        if !text.starts_with("//!") {
            faults.push(format!("{path}: must begin with //! and what it owns"));
        }
        for part in path.trim_end_matches(".rs").split('/') {
            if VAGUE_NAMES.contains(&part) {
                faults.push(format!("{path}: '{part}' says nothing of what it holds"));
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
