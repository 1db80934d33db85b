//! Every bad document ends as a failure with its reason, within its limits; none ends the caller.

use super::{code, extract, extract_within};
use crate::support::pdf::{self, PdfWriter};
use ragd::domain::FileName;
use ragd::text::{ExtractLimits, Extractor, FailureCode};

#[tokio::test]
async fn empty_files_are_empty() {
    for name in ["a.pdf", "a.txt", "a.md", "a.html"] {
        assert_eq!(code(name, b"").await, FailureCode::Empty);
    }
    assert_eq!(code("a.txt", b" \n\t\n").await, FailureCode::Empty);
    assert_eq!(
        code("a.html", b"<script>x</script>").await,
        FailureCode::Empty
    );
    assert_eq!(
        code("a.pdf", &pdf::with_pages(&[&[]])).await,
        FailureCode::Empty
    );
}

#[tokio::test]
async fn names_that_lie_about_the_content_are_found_out() {
    let document = pdf::with_pages(&[&["text"]]);
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let cases: [(&str, &[u8]); 6] = [
        ("a.txt", &document),
        ("a.html", &document),
        ("a.pdf", png),
        ("a.md", b"PK\x03\x04\x14\0"),
        ("a.pdf", b"just words"),
        ("a.txt", b"\x1f\x8b\x08\0"),
    ];
    for (name, bytes) in cases {
        assert_eq!(
            code(name, bytes).await,
            FailureCode::ContentMismatch,
            "{name}"
        );
    }
    let failure = extract("a.txt", &document).await.unwrap_err();
    assert!(failure.message.contains("text/plain") && failure.message.contains("PDF"));
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_with_their_place() {
    let cases: [&[u8]; 7] = [
        b"abc\0def",
        b"hello \xc3\x28 world",
        b"abc\xff\xfedef",
        b"\x80\x81\x82",
        b"\xff\xfea",
        b"lone \xc0\xaf",
        b"\x01\x02\x03\x04 text",
    ];
    for bytes in cases {
        assert_eq!(
            code("a.txt", bytes).await,
            FailureCode::InvalidEncoding,
            "{bytes:?}"
        );
    }
    let failure = extract("a.md", b"abc\0def").await.unwrap_err();
    assert!(failure.message.contains("byte 3"), "{}", failure.message);
    let failure = extract("a.md", b"hello \xc3\x28").await.unwrap_err();
    assert!(failure.message.contains("byte 6"), "{}", failure.message);
}

#[tokio::test]
async fn deep_html_is_refused() {
    for tag in ["<div>", "<b>", "<table><tr><td>", "<ul><li>", "<x-y>"] {
        let deep = tag.repeat(100_000);
        assert_eq!(
            code("a.html", deep.as_bytes()).await,
            FailureCode::TooDeep,
            "{tag}"
        );
    }
}

#[tokio::test]
async fn ten_megabytes_in_one_line_are_text() {
    for word in ["word ", "x"] {
        let line = word.repeat(10_000_000 / word.len());
        for name in ["a.txt", "a.md", "a.html"] {
            let found = extract(name, line.as_bytes()).await.unwrap();
            assert_eq!(found.text.trim().len(), line.trim().len(), "{name}");
        }
    }
    let stray = "</b>".repeat(2_500_000);
    assert_eq!(code("a.html", stray.as_bytes()).await, FailureCode::Empty);
}

#[tokio::test]
async fn truncated_pdfs_are_corrupt() {
    let whole = pdf::with_pages(&[&["one"], &["two"]]);
    for part in [30, 50, 80, 98] {
        let cut = &whole[..whole.len() * part / 100];
        assert_eq!(code("a.pdf", cut).await, FailureCode::Corrupt, "{part} %");
    }
    let junk = b"%PDF-1.7\nnothing else\nstartxref\n9\n%%EOF\n";
    assert_eq!(code("a.pdf", junk).await, FailureCode::Corrupt);
}

#[tokio::test]
async fn locked_pdfs_are_encrypted() {
    let mut writer = PdfWriter::new();
    let lock = writer.add(format!(
        "<< /Filter /Standard /V 1 /R 2 /P -4 /O <{}> /U <{}> >>",
        "41".repeat(32),
        "42".repeat(32)
    ));
    let tree = writer.add("<< /Type /Pages /Count 0 /Kids [] >>");
    let root = writer.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    let id = "/ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>]";
    let locked = writer.finish(root, &format!("/Encrypt {lock} 0 R {id}"));
    assert_eq!(code("a.pdf", &locked).await, FailureCode::Encrypted);
}

#[tokio::test]
async fn scanned_pdfs_need_ocr() {
    let mut writer = PdfWriter::new();
    let picture = writer.add_stream(
        "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8",
        b"\x80",
    );
    let content = writer.add_stream("", b"q 600 0 0 700 0 0 cm /Im1 Do Q");
    let tree = writer.next() + 1;
    let page = writer.add(format!(
        "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] \
         /Resources << /XObject << /Im1 {picture} 0 R >> >> /Contents {content} 0 R >>"
    ));
    writer.add(format!("<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>"));
    let root = writer.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    assert_eq!(
        code("a.pdf", &writer.finish(root, "")).await,
        FailureCode::NeedsOcr
    );
}

/// A page tree whose only child is itself; a previous cross-reference that is the present one; a
/// page whose content is a reference to itself.
#[tokio::test]
async fn looping_pdfs_end() {
    let mut writer = PdfWriter::new();
    let tree = writer.add("<< /Type /Pages /Count 1 /Kids [1 0 R] >>");
    let root = writer.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    assert_eq!(
        code("a.pdf", &writer.finish(root, "")).await,
        FailureCode::Corrupt
    );

    let mut writer = PdfWriter::new();
    writer.add("1 0 R");
    let page = writer.add(
        "<< /Type /Page /Parent 3 0 R /MediaBox [0 0 9 9] /Resources 1 0 R /Contents 1 0 R >>",
    );
    let tree = writer.add(format!(
        "<< /Type /Pages /Parent 3 0 R /Count 1 0 R /Kids [{page} 0 R] >>"
    ));
    let root = writer.add(format!(
        "<< /Type /Catalog /Pages {tree} 0 R /Outlines 4 0 R /First 4 0 R /Next 4 0 R >>"
    ));
    let looping = writer.finish(root, "");
    assert_eq!(code("a.pdf", &looping).await, FailureCode::Empty);

    let whole = pdf::with_pages(&[&["still readable"]]);
    let xref = String::from_utf8_lossy(&whole).rfind("xref\n0").unwrap();
    let text = String::from_utf8_lossy(&whole)
        .replace("trailer\n<<", &format!("trailer\n<< /Prev {xref}"));
    // The offsets are those of the bytes, which the lossy text has not; only its end is used.
    let at = text.rfind("xref\n0").unwrap();
    let looping = [&whole[..xref], &text.as_bytes()[at..]].concat();
    assert_eq!(
        extract("a.pdf", &looping).await.unwrap().text,
        "still readable"
    );
}

#[tokio::test]
async fn endless_work_ends_by_processor_time_and_by_the_clock() {
    let endless = pdf::doubling_forms();
    let limits = ExtractLimits {
        cpu_seconds: 1,
        ..ExtractLimits::default()
    };
    let failure = extract_within("a.pdf", &endless, limits).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Timeout);
    assert!(failure.message.contains("1 s"), "{}", failure.message);
    let limits = ExtractLimits {
        wall_ms: 50,
        ..ExtractLimits::default()
    };
    let failure = extract_within("a.pdf", &endless, limits).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Timeout);
    assert!(failure.message.contains("50 ms"), "{}", failure.message);
}

#[tokio::test]
async fn bombs_end_by_their_memory() {
    let bomb = pdf::bomb(300_000_000);
    let limits = ExtractLimits {
        memory_bytes: 100_000_000,
        ..ExtractLimits::default()
    };
    let failure = extract_within("a.pdf", &bomb, limits).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Memory, "{failure}");
    assert!(failure.message.contains("100000000"), "{}", failure.message);
}

#[tokio::test]
async fn sizes_are_limited_by_name() {
    let pages: [&[&str]; 3] = [&["one"], &["two"], &["three"]];
    let document = pdf::with_pages(&pages);
    let all = ExtractLimits::default();
    let cases = [
        (ExtractLimits { pages: 2, ..all }, "2"),
        (
            ExtractLimits {
                text_chars: 7,
                ..all
            },
            "7 characters",
        ),
        (
            ExtractLimits {
                file_bytes: 99,
                ..all
            },
            "99 bytes",
        ),
    ];
    for (limits, named) in cases {
        let failure = extract_within("a.pdf", &document, limits)
            .await
            .unwrap_err();
        assert_eq!(failure.code, FailureCode::TooLarge);
        assert!(failure.message.contains(named), "{}", failure.message);
    }
    let limits = ExtractLimits {
        text_chars: 7,
        ..all
    };
    for name in ["a.txt", "a.md", "a.html"] {
        let failure = extract_within(name, b"eight888", limits).await.unwrap_err();
        assert_eq!(failure.code, FailureCode::TooLarge, "{name}");
    }
}

#[tokio::test]
async fn a_program_that_is_no_extractor_is_no_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let name = FileName::parse("a.txt").unwrap();
    let run = async |program: &str| {
        Extractor::new(program, ExtractLimits::default(), 1)
            .extract(file.path(), &name)
            .await
            .unwrap_err()
    };
    assert_eq!(run("/bin/false").await.code, FailureCode::Crashed);
    assert_eq!(run("/bin/true").await.code, FailureCode::Crashed);
    let missing = run("/nowhere/ragd").await;
    assert_eq!(missing.code, FailureCode::Unavailable);
    assert!(missing.is_retryable());
}
