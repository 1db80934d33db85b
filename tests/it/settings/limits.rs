//! What limits the reading of documents, and only the configuration file sets: each test sends a document
//! that the default would take, or would refuse with another number, and sees its own limit refuse it.

use crate::support::app::TestApp;
use crate::support::office::Container;
use crate::support::pdf;
use crate::support::picture::{self, Leaf, Picture};
use crate::support::skip::{Lack, skip};
use ragd::clock::Clock;
use ragd::text::{OcrReader, OcrSettings};
use reqwest::multipart::{Form, Part};
use serde_json::Value;

/// Why a document is not read where the section `ingest` of the file has these lines: the code and the
/// reason that the upload is answered with.
async fn refused(lines: &str, name: &'static str, bytes: Vec<u8>) -> (String, String) {
    let app = TestApp::spawn_with_file(&format!("[ingest]\n{lines}\n"), Clock::system()).await;
    let token = app.admin_token().await;
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name));
    let request = app.post("/api/documents/upload?wait=true");
    let answer = request.bearer_auth(&token).multipart(form).send().await;
    let answer = answer.unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 422, "{body}");
    app.finish().await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let text = |field: &str| body[field].as_str().unwrap().to_owned();
    (text("code"), text("detail"))
}

/// The same for pictures; `None`, and the test is counted as skipped, where no program reads them.
async fn refused_picture(
    lines: &str,
    name: &'static str,
    bytes: Vec<u8>,
) -> Option<(String, String)> {
    let reader = OcrReader::find(OcrSettings::default()).await;
    if reader.ocr().is_err() {
        skip(Lack::Tesseract);
        return None;
    }
    Some(refused(lines, name, bytes).await)
}

#[tokio::test]
async fn reading_takes_as_much_memory_as_is_set() {
    // The default of 512 MB is enough for it.
    let bomb = pdf::bomb(150_000_000);
    let (code, reason) = refused("extract_memory_megabytes = 64", "a.pdf", bomb).await;
    assert_eq!(code, "memory", "{reason}");
    assert!(reason.contains(" 67108864 bytes of memory"), "{reason}");
}

#[tokio::test]
async fn reading_takes_as_much_processor_time_as_is_set() {
    // So much elapsed time that the processor's runs out first, however busy the machine is.
    let lines = "extract_cpu_seconds = 1\nextract_wall_seconds = 100";
    let (code, reason) = refused(lines, "a.pdf", pdf::doubling_forms()).await;
    assert_eq!(code, "timeout", "{reason}");
    assert!(reason.contains(" 1 s of processor time"), "{reason}");
}

#[tokio::test]
async fn reading_takes_as_much_elapsed_time_as_is_set() {
    let lines = "extract_wall_seconds = 1\nextract_cpu_seconds = 100";
    let (code, reason) = refused(lines, "a.pdf", pdf::doubling_forms()).await;
    assert_eq!(code, "timeout", "{reason}");
    assert!(reason.contains("longer than 1000 ms"), "{reason}");
}

#[tokio::test]
async fn a_document_has_as_many_pages_as_is_set() {
    let two = pdf::with_pages(&[&["one"], &["two"]]);
    let (code, reason) = refused("max_pages = 1", "a.pdf", two).await;
    assert_eq!(code, "too_large", "{reason}");
    assert!(reason.contains("2 pages, more than 1"), "{reason}");
}

#[tokio::test]
async fn the_text_of_a_document_is_as_long_as_is_set() {
    let text = "a".repeat(1_024 * 1_024 + 1).into_bytes();
    let (code, reason) = refused("max_text_megabytes = 1", "a.txt", text).await;
    assert_eq!(code, "too_large", "{reason}");
    assert!(
        reason.contains("longer than 1048576 characters"),
        "{reason}"
    );
}

#[tokio::test]
async fn as_many_pages_are_pictures_as_is_set() {
    let scan = Picture::flat(40, 40);
    let two = picture::pdf(&[Leaf::Scan(&scan), Leaf::Scan(&scan)]);
    let Some((code, reason)) = refused_picture("ocr_pages = 1", "a.pdf", two).await else {
        return;
    };
    assert_eq!(code, "too_large", "{reason}");
    let named = "more than the 1 that are read (ingest.ocr_pages)";
    assert!(reason.contains(named), "{reason}");
}

/// Two pages one below the other, full of words: reading it takes tesseract many seconds.
fn dense_picture() -> Picture {
    let line = |n: u32| {
        let (weir, fish) = (n * 7 % 97, n * 13 % 89);
        format!(
            "Heron {n} waited at weir {weir}, struck {fish} times at fish, and flew to its nest."
        )
    };
    let lines: Vec<String> = (100..145).map(line).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let page = Picture::of_lines(&lines);
    Picture {
        width: page.width,
        height: page.height * 2,
        grey: page.grey.repeat(2),
    }
}

#[tokio::test]
async fn a_picture_is_read_for_as_long_as_is_set() {
    let png = dense_picture().png();
    let lines = "ocr_page_seconds = 1";
    let Some((code, reason)) = refused_picture(lines, "a.png", png).await else {
        return;
    };
    assert_eq!(code, "timeout", "{reason}");
    // Whichever runs out first.
    let named = [
        "longer than 1 s (ingest.ocr_page_seconds)",
        "more than 1 s of processor time",
    ];
    assert!(named.iter().any(|one| reason.contains(one)), "{reason}");
}

#[tokio::test]
async fn a_picture_is_as_large_as_is_set() {
    let png = Picture::flat(1_200, 1_000).png();
    let lines = "ocr_megapixels = 1";
    let Some((code, reason)) = refused_picture(lines, "a.png", png).await else {
        return;
    };
    assert_eq!(code, "too_large", "{reason}");
    let named = "1200000 pixels, more than 1000000 (ingest.ocr_megapixels)";
    assert!(reason.contains(named), "{reason}");
}

/// A Word document whose text is so many spaces.
fn spaces(count: usize) -> Vec<u8> {
    Container::docx(&" ".repeat(count)).finish()
}

#[tokio::test]
async fn a_container_has_as_many_entries_as_is_set() {
    let (code, reason) = refused("max_archive_entries = 2", "a.docx", spaces(1)).await;
    assert_eq!(code, "too_large", "{reason}");
    assert!(reason.contains("3 entries; 2 are allowed"), "{reason}");
}

#[tokio::test]
async fn a_container_inflates_to_as_much_as_is_set() {
    let document = spaces(2_000_000);
    let (code, reason) = refused("max_archive_megabytes = 1", "a.docx", document).await;
    assert_eq!(code, "too_large", "{reason}");
    let named = "its parts inflate to more than 1048576 bytes";
    assert!(reason.contains(named), "{reason}");
}

#[tokio::test]
async fn an_entry_inflates_to_as_many_times_its_size_as_is_set() {
    // Spaces shrink to a thousandth: the default of 200 names another number.
    let document = spaces(11_000_000);
    let (code, reason) = refused("max_archive_ratio = 7", "a.docx", document).await;
    assert_eq!(code, "too_large", "{reason}");
    assert!(reason.contains("more than 7 times"), "{reason}");
}
