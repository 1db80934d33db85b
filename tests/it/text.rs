//! Documents in, text and passages out: the real child process on real files, good and hostile.

mod bad_containers;
mod bad_documents;
mod books_and_mails;
mod chunks;
mod containers;
mod data;
mod formats;
mod hidden;
mod manuals;
mod ocr;
mod office;
mod pdf_tables;
mod pdfs;
mod tables;

use ragd::domain::FileName;
use ragd::text::{ExtractFailure, ExtractLimits, Extracted, Extractor, FailureCode};
use std::io::Write;

/// Extracts `bytes` as a file of that name, in the real child, under `limits`.
async fn extract_within(
    name: &str,
    bytes: &[u8],
    limits: ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let extractor = Extractor::new(env!("CARGO_BIN_EXE_ragd"), limits, 1);
    extractor
        .extract(file.path(), &FileName::parse(name).unwrap())
        .await
}

async fn extract(name: &str, bytes: &[u8]) -> Result<Extracted, ExtractFailure> {
    extract_within(name, bytes, ExtractLimits::default()).await
}

/// The failure's code; the test fails where there is text.
async fn code(name: &str, bytes: &[u8]) -> FailureCode {
    let failure = extract(name, bytes).await.expect_err("the document is bad");
    assert!(!failure.message.is_empty());
    failure.code
}

/// `text[start..end]` in characters, the slow and plain way.
fn slice(text: &str, start: usize, end: usize) -> String {
    text.chars().skip(start).take(end - start).collect()
}
