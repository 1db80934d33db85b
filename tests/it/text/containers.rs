//! What a container may be: its kind must be the one that its name says, and each limit is named by
//! the failure that it causes.

use super::{code, extract, extract_within};
use crate::support::office::{Container, paragraph, with_header_field};
use ragd::text::{ExtractLimits, FailureCode};

fn docx() -> Container {
    Container::docx(&paragraph("", "Some words."))
}

#[tokio::test]
async fn names_that_lie_about_the_kind_of_container_are_found_out() {
    let word = docx().finish();
    let sheet = Container::xlsx(&[("S", "", "<sheetData/>")]).finish();
    let text = Container::open_document("text", "<text:p>x</text:p>").finish();
    let book = Container::epub("b", &["x"], &[0]).finish();
    let bare = Container::new().part("a.txt", "x").finish();
    let cases: [(&str, &[u8]); 12] = [
        ("a.xlsx", &word),
        ("a.pptx", &word),
        ("a.docx", &sheet),
        ("a.odt", &word),
        ("a.docx", &text),
        ("a.ods", &text),
        ("a.odt", &book),
        ("a.epub", &text),
        ("a.docx", &bare),
        ("a.epub", &bare),
        ("a.docx", b"words in a text file"),
        ("a.csv", &word),
    ];
    for (name, bytes) in cases {
        assert_eq!(
            code(name, bytes).await,
            FailureCode::ContentMismatch,
            "{name}"
        );
    }
}

#[tokio::test]
async fn documents_with_a_password_are_encrypted() {
    // A compound file that holds an encrypted package, as office programs write it.
    let mut compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    compound.resize(1024, 0);
    compound.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    for name in ["a.docx", "a.xlsx", "a.pptx"] {
        assert_eq!(
            code(name, &compound).await,
            FailureCode::Encrypted,
            "{name}"
        );
    }
    let old = &compound[..1024];
    assert_eq!(code("a.docx", old).await, FailureCode::ContentMismatch);
    let flagged = with_header_field(&docx().finish(), "word/document.xml", 6, &[1, 0]);
    assert_eq!(code("a.docx", &flagged).await, FailureCode::Encrypted);
    let manifest = "<manifest:manifest><manifest:file-entry manifest:full-path=\"content.xml\">\
                    <manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let locked = Container::open_document("text", "<text:p>x</text:p>")
        .part("META-INF/manifest.xml", manifest)
        .finish();
    assert_eq!(code("a.odt", &locked).await, FailureCode::Encrypted);
}

#[tokio::test]
async fn a_compression_without_a_reader_is_named() {
    let packed = with_header_field(&docx().finish(), "word/document.xml", 8, &[93, 0]);
    let failure = extract("a.docx", &packed).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::UnsupportedType, "{failure}");
    assert!(failure.message.contains("93"), "{failure}");
}

#[tokio::test]
async fn names_that_look_like_paths_are_names() {
    let document = docx()
        .part("../../../../tmp/ragd-evil", "x")
        .part("/etc/passwd", "x")
        .part("C:\\evil\\..\\x", "x")
        .relations(
            "word/_rels/document.xml.rels",
            &[("r1", "styles", "../../../../../etc/passwd")],
        )
        .finish();
    // What the document calls its styles is an entry of that name, which is not XML.
    let found = extract("a.docx", &document).await.unwrap();
    assert_eq!(found.text, "Some words.");
    assert!(!std::path::Path::new("/tmp/ragd-evil").exists());
}

#[tokio::test]
async fn every_limit_of_a_container_is_named() {
    let all = ExtractLimits::default();
    let words = paragraph("", &"word ".repeat(100));
    let document = Container::docx(&words).finish();
    let cases = [
        (
            ExtractLimits {
                archive_entries: 2,
                ..all
            },
            "2 are allowed",
        ),
        (
            ExtractLimits {
                entry_bytes: 400,
                ..all
            },
            "400 bytes",
        ),
        (
            ExtractLimits {
                archive_bytes: 500,
                ..all
            },
            "500 bytes",
        ),
        (
            ExtractLimits {
                xml_depth: 3,
                ..all
            },
            "3 XML elements",
        ),
        (
            ExtractLimits {
                xml_attributes: 0,
                ..all
            },
            "0 attributes",
        ),
        (
            ExtractLimits {
                xml_events: 10,
                ..all
            },
            "10 tags",
        ),
        (
            ExtractLimits {
                text_chars: 10,
                ..all
            },
            "10 characters",
        ),
    ];
    for (limits, named) in cases {
        let failure = extract_within("a.docx", &document, limits)
            .await
            .unwrap_err();
        assert!(failure.message.contains(named), "{named}: {failure}");
        let deep = failure.code == FailureCode::TooDeep;
        assert!(deep || failure.code == FailureCode::TooLarge, "{failure}");
    }
    let twelve = "<row><c><v>1</v></c></row>".repeat(500_000);
    let sheet = format!("<sheetData>{twelve}</sheetData>");
    let book = Container::xlsx(&[("S", "", &sheet)]).finish();
    let limits = ExtractLimits {
        archive_ratio: 50,
        ..all
    };
    let failure = extract_within("a.xlsx", &book, limits).await.unwrap_err();
    assert!(failure.message.contains("50 times"), "{failure}");
    let limits = ExtractLimits {
        archive_ratio: 1100,
        ..all
    };
    assert!(extract_within("a.xlsx", &book, limits).await.is_ok());
}
