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
