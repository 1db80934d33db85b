//! Words in several languages: `tests/data/languages` has 42 passages in German, French and Spanish,
//! each with a question whose words are inflected differently, measured by `ragd eval` as anybody
//! can.

use serde_json::Value;
use std::process::Command;

#[test]
fn questions_find_passages_whose_words_are_inflected_differently() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/languages");
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ragd"))
        .args(["eval", "--data", data, "--only", "bm25", "--json"])
        .env_clear()
        .env("EMBEDDING_PROVIDER", "off")
        .env("DATA_DIR", folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(lines[0]["queries"], 42);
    // With English stems and stop words alone it is 0.749.
    let mrr = lines[0]["mrr"].as_f64().unwrap();
    assert!(mrr > 0.95, "{lines}");
}

/// nDCG@10 of a set in `tests/data` by words alone.
fn ndcg(set: &str) -> f64 {
    let data = format!("{}/tests/data/{set}", env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ragd"))
        .args(["eval", "--data", &data, "--only", "bm25", "--json"])
        .env_clear()
        .env("EMBEDDING_PROVIDER", "off")
        .env("DATA_DIR", folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(lines[0]["queries"], 40);
    lines[0]["ndcg_at_10"].as_f64().unwrap()
}

/// 64 release notes that differ in their versions, and 40 long texts that differ in their codes.
#[test]
fn versions_and_codes_are_told_apart() {
    // With the parts of identifiers alone it is 0.751.
    let found = ndcg("identifiers");
    assert!(found > 0.98, "{found}");
}

/// Chinese, Japanese, Korean and Thai: words inside of sentences.
#[test]
fn words_are_found_in_scripts_without_spaces() {
    // With whole runs of letters as words it is 0.15.
    let found = ndcg("unspaced");
    assert!(found > 0.95, "{found}");
}
