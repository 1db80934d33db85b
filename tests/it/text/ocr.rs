//! Pictures of text become text: the real OCR program on pages that were drawn here. Where
//! `tesseract` is not installed these tests say that they are skipped; what happens without it is
//! tested everywhere.

use super::slice;
use crate::support::pdf;
use crate::support::picture::{self, Leaf, Picture};
use crate::support::skip::{Lack, bash_doc, skip};
use ragd::domain::FileName;
use ragd::text::{
    ExtractFailure, ExtractLimits, ExtractOrder, Extracted, Extractor, FailureCode, OcrChoice,
    OcrReader, OcrSettings,
};
use std::io::Write;

const HERON: [&str; 3] = [
    "The grey heron waits in shallow water and strikes at fish",
    "that pass by its feet. Its nest is a platform of sticks, built",
    "high in a tree and mended every year.",
];

async fn reader(settings: OcrSettings) -> Option<OcrReader> {
    let reader = OcrReader::find(settings).await;
    if reader.ocr().is_err() {
        skip(Lack::Tesseract);
        return None;
    }
    Some(reader)
}

async fn extract_by(
    reader: OcrReader,
    (name, bytes): (&str, &[u8]),
    ocr: OcrChoice,
) -> Result<Extracted, ExtractFailure> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let extractor = Extractor::new(env!("CARGO_BIN_EXE_ragd"), ExtractLimits::default(), 1);
    let order = ExtractOrder {
        ocr,
        progress: None,
    };
    extractor
        .with_ocr(reader)
        .extract_with(file.path(), &FileName::parse(name).unwrap(), order)
        .await
}

/// What OCR makes of the file under the default settings; `None` where it is skipped.
async fn read(name: &str, bytes: &[u8]) -> Option<Result<Extracted, ExtractFailure>> {
    let reader = reader(OcrSettings::default()).await?;
    Some(extract_by(reader, (name, bytes), OcrChoice::Automatic).await)
}

fn pages(found: &Extracted) -> Vec<(u32, String)> {
    let page = |page: &ragd::text::Page| {
        let text = slice(&found.text, page.char_start, page.char_end);
        (page.number, text)
    };
    found.pages.iter().map(page).collect()
}

#[tokio::test]
async fn a_scanned_pdf_is_read_page_by_page() {
    let (first, third) = (
        Picture::of_lines(&HERON),
        Picture::of_lines(&["Third page, and last."]),
    );
    let scan = picture::pdf(&[Leaf::Scan(&first), Leaf::Text(&[]), Leaf::Scan(&third)]);
    let Some(found) = read("a.pdf", &scan).await else {
        return;
    };
    let found = found.unwrap();
    assert_eq!(found.content_type, "application/pdf");
    assert_eq!(
        pages(&found),
        [
            (1, HERON.join(" ")),
            (2, String::new()),
            (3, "Third page, and last.".to_owned())
        ]
    );
    assert!(found.unread.is_empty());
}

#[tokio::test]
async fn only_the_pages_without_text_of_a_mixed_pdf_are_read() {
    let scan = Picture::of_lines(&HERON);
    let mixed = picture::pdf(&[
        Leaf::Text(&["Page one is text."]),
        Leaf::Scan(&scan),
        Leaf::Text(&["Page three is text again."]),
    ]);
    let Some(found) = read("a.pdf", &mixed).await else {
        return;
    };
    assert_eq!(
        pages(&found.unwrap()),
        [
            (1, "Page one is text.".to_owned()),
            (2, HERON.join(" ")),
            (3, "Page three is text again.".to_owned())
        ]
    );
}

#[tokio::test]
async fn pictures_are_documents_and_a_tiff_has_pages() {
    let scan = Picture::of_lines(&HERON);
    let Some(found) = read("a.PNG", &scan.png()).await else {
        return;
    };
    let found = found.unwrap();
    assert_eq!(found.content_type, "image/png");
    assert_eq!(found.text, HERON.join(" "));
    let leaves = [scan, Picture::of_lines(&["The second page of the fax."])];
    let fax = read("fax.tif", &picture::tiff(&leaves))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(fax.content_type, "image/tiff");
    assert_eq!(
        pages(&fax),
        [
            (1, HERON.join(" ")),
            (2, "The second page of the fax.".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_page_of_a_real_manual_is_read_from_its_picture() {
    let Some(folder) = bash_doc() else { return };
    let manual = std::fs::read(folder.join("bash.pdf")).unwrap();
    let scan = Picture::of_page(&manual, 0);
    let Some(found) = read("a.pdf", &picture::pdf(&[Leaf::Scan(&scan)])).await else {
        return;
    };
    let found = found.unwrap();
    for words in [
        "command language interpreter that executes commands read from the standard input",
        "POSIX",
        "OPTIONS",
    ] {
        assert!(found.text.contains(words), "{words}: {}", found.text);
    }
}

#[tokio::test]
async fn without_the_program_or_the_wish_a_scan_says_what_to_do() {
    let scan = picture::pdf(&[Leaf::Scan(&Picture::flat(40, 40))]);
    let none = || OcrReader::none("install tesseract");
    for file in [
        ("a.pdf", &scan[..]),
        ("a.png", &Picture::flat(40, 40).png()),
    ] {
        let failure = extract_by(none(), file, OcrChoice::Automatic)
            .await
            .unwrap_err();
        assert_eq!(failure.code, FailureCode::NeedsOcr);
        assert!(failure.message.contains("install tesseract"), "{failure}");
        let failure = extract_by(none(), file, OcrChoice::Forbidden)
            .await
            .unwrap_err();
        assert_eq!(failure.code, FailureCode::NeedsOcr);
        assert!(failure.message.contains("ocr=false"), "{failure}");
    }
    let without_data = OcrSettings {
        languages: "zzz".to_owned(),
        ..OcrSettings::default()
    };
    let missing = OcrReader::find(without_data).await;
    let advice = missing.ocr().unwrap_err();
    assert!(advice.contains("tesseract-ocr-zzz"), "{advice}");
    assert!(!missing.is_automatic());
}

#[tokio::test]
async fn switched_off_it_still_reads_what_it_is_asked_to() {
    let off = || async {
        let settings = OcrSettings {
            automatic: false,
            ..OcrSettings::default()
        };
        reader(settings).await
    };
    let Some(once) = off().await else {
        return;
    };
    let picture = Picture::of_lines(&HERON).png();
    let failure = extract_by(once, ("a.png", &picture), OcrChoice::Automatic)
        .await
        .unwrap_err();
    assert_eq!(failure.code, FailureCode::NeedsOcr);
    assert!(failure.message.contains("INGEST_OCR"), "{failure}");
    let again = off().await.unwrap();
    let found = extract_by(again, ("a.png", &picture), OcrChoice::Wanted)
        .await
        .unwrap();
    assert_eq!(found.text, HERON.join(" "));
}

#[tokio::test]
async fn pictures_without_text_are_empty() {
    let flat = Picture::flat(300, 200);
    let scan = picture::pdf(&[Leaf::Scan(&flat)]);
    for (name, bytes) in [("a.pdf", scan), ("a.png", flat.png())] {
        let Some(found) = read(name, &bytes).await else {
            return;
        };
        assert_eq!(found.unwrap_err().code, FailureCode::Empty, "{name}");
    }
}

#[tokio::test]
async fn each_limit_is_named() {
    let scan = Picture::of_lines(&HERON);
    let two = picture::pdf(&[Leaf::Scan(&scan), Leaf::Scan(&scan)]);
    let poster = picture::pdf_of_size(&[Leaf::Scan(&Picture::flat(9, 9))], (9_000, 9_000));
    let settings = OcrSettings::default;
    let cases = [
        (
            OcrSettings {
                pages: 1,
                ..settings()
            },
            ("a.pdf", &two),
            "ocr_pages",
        ),
        (
            OcrSettings {
                page_seconds: 0,
                ..settings()
            },
            ("a.pdf", &two),
            "page 1: reading the picture took longer than 0 s",
        ),
        (
            OcrSettings {
                pixels: 1_000_000,
                ..settings()
            },
            ("a.png", &scan.png()),
            "1000000",
        ),
        (
            settings(),
            ("a.pdf", &poster),
            "page 1: it is 9000 by 9000 points",
        ),
    ];
    for (settings, file, named) in cases {
        let Some(reader) = reader(settings).await else {
            return;
        };
        let file = (file.0, &file.1[..]);
        let failure = extract_by(reader, file, OcrChoice::Automatic)
            .await
            .unwrap_err();
        assert!(failure.message.contains(named), "{failure}");
    }
}

/// The program takes what is no picture for a list of files to read.
#[tokio::test]
async fn a_list_of_files_is_no_picture() {
    let mut secret = tempfile::NamedTempFile::with_suffix(".png").unwrap();
    secret.write_all(&Picture::of_lines(&HERON).png()).unwrap();
    let list = format!("{}\n", secret.path().display());
    for name in ["a.png", "a.tif", "a.bmp", "a.jpg", "a.webp", "a.gif"] {
        let Some(found) = read(name, list.as_bytes()).await else {
            return;
        };
        assert_eq!(
            found.unwrap_err().code,
            FailureCode::ContentMismatch,
            "{name}"
        );
    }
    let mut cut = Picture::of_lines(&HERON).png();
    cut.truncate(60);
    let failure = read("a.png", &cut).await.unwrap().unwrap_err();
    assert!(
        matches!(failure.code, FailureCode::Corrupt | FailureCode::Empty),
        "{failure}"
    );
    let text = pdf::with_pages(&[&["text"]]);
    let failure = read("a.png", &text).await.unwrap().unwrap_err();
    assert_eq!(failure.code, FailureCode::ContentMismatch);
}
