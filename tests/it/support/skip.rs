//! Tests that need a program, a document or a server that is not here. Each says so, and is counted:
//! `RAGD_TEST_SKIPPED` names a file that gets one line a skipped test, which `scripts/test.sh` sums up.
//! With `REQUIRE_ALL=1` nothing but Qdrant may be missing.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

/// What a test may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// `QDRANT_URL` is not set.
    Qdrant,
    /// A Qdrant server without TLS: the test stands between it and ragd.
    PlainQdrant,
    /// The program tesseract with its English data.
    Tesseract,
    /// The manuals of Debian's package bash-doc: `RAGD_BASH_DOC` is not set.
    BashDoc,
}

impl Lack {
    /// The line by which it is counted.
    const fn reason(self) -> &'static str {
        match self {
            Self::Qdrant => "QDRANT_URL is not set",
            Self::PlainQdrant => "the Qdrant server is reached over TLS only",
            Self::Tesseract => "tesseract with English is not installed",
            Self::BashDoc => "RAGD_BASH_DOC is not set",
        }
    }

    /// Whether it may be missing even where `REQUIRE_ALL=1` is set.
    const fn is_optional(self) -> bool {
        matches!(self, Self::Qdrant | Self::PlainQdrant)
    }
}

/// Also where the output of tests that pass is kept back.
fn say_once(lack: Lack) {
    static SAID: Mutex<Vec<Lack>> = Mutex::new(Vec::new());
    let mut said = SAID.lock().unwrap();
    if !said.contains(&lack) {
        said.push(lack);
        let _written = writeln!(std::io::stderr(), "skipped: {}", lack.reason());
    }
}

/// Says that the calling test is not run, and counts it.
///
/// # Panics
/// With `REQUIRE_ALL=1`, where it is not optional.
pub fn skip(lack: Lack) {
    let reason = lack.reason();
    let requires_all = std::env::var_os("REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(
        lack.is_optional() || !requires_all,
        "REQUIRE_ALL is set, and {reason}"
    );
    say_once(lack);
    if let Some(path) = std::env::var_os("RAGD_TEST_SKIPPED") {
        let file = OpenOptions::new().create(true).append(true).open(path);
        // One write a line: tests run side by side.
        file.unwrap()
            .write_all(format!("{reason}\n").as_bytes())
            .unwrap();
    }
}

/// The folder of the bash manuals; `None`, and the test is counted as skipped, where there is none.
pub fn bash_doc() -> Option<PathBuf> {
    let folder = std::env::var_os("RAGD_BASH_DOC").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        skip(Lack::BashDoc);
    }
    folder.map(PathBuf::from)
}
