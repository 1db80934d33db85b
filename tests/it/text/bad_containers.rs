//! Bombs and broken containers: each ends as a text or as a failure with its reason, within the
//! limits that hold without any setting.

use super::extract;
use crate::support::office::{
    Container, RawEntry, RawZip, local_header, paragraph, with_header_field,
};
use ragd::text::FailureCode;

/// Bytes that take no room when they are compressed.
fn spaces(megabytes: usize) -> Vec<u8> {
    vec![b' '; megabytes * 1_000_000]
}

/// The main part of a Word document, after what comes before its root.
fn document(prologue: &str, body: &str) -> String {
    format!("<?xml version=\"1.0\"?>{prologue}<w:document><w:body>{body}</w:body></w:document>")
}

fn docx_of(main: impl Into<Vec<u8>>) -> Vec<u8> {
    Container::docx("").part("word/document.xml", main).finish()
}

/// Entities that are ten of the one before, nine times.
fn laughs() -> String {
    let mut declared = "<!ENTITY e0 \"lol\">".to_owned();
    for at in 1..10 {
        let ten = format!("&e{};", at - 1).repeat(10);
        declared.push_str(&format!("<!ENTITY e{at} \"{ten}\">"));
    }
    format!("<!DOCTYPE x [{declared}]>")
}

/// Entries that each quote the headers of all that follow, and share their data: a stored block
/// before the next header (a Deflate stream, RFC 1951, 3.2.4), then the kernel.
fn quoted_overlap(count: usize) -> Vec<u8> {
    let kernel = [0x01, 0x05, 0x00, 0xfa, 0xff, b'b', b'o', b'm', b'b', b's'];
    let names: Vec<String> = (0..count).map(|at| format!("{at:06}")).collect();
    let head = local_header(&names[0], RawEntry::default()).len();
    let sizes: Vec<RawEntry> = (0..count)
        .map(|at| {
            let after = count - 1 - at;
            RawEntry {
                method: 8,
                packed: u32::try_from(kernel.len() + after * (5 + head)).unwrap(),
                size: u32::try_from(5 + after * head).unwrap(),
                ..RawEntry::default()
            }
        })
        .collect();
    let mut zip = RawZip::default();
    for (at, (name, entry)) in names.iter().zip(&sizes).enumerate() {
        zip.list(name, *entry, zip.position());
        zip.push(&local_header(name, *entry));
        if at + 1 < count {
            let quoted = u16::try_from(head).unwrap();
            zip.push(&[0]);
            zip.push(&quoted.to_le_bytes());
            zip.push(&(!quoted).to_le_bytes());
        }
    }
    zip.push(&kernel);
    zip.finish()
}

/// Many entries that are all the same bytes.
fn full_overlap(count: usize) -> Vec<u8> {
    let mut zip = RawZip::default();
    let entry = RawEntry {
        packed: 5,
        size: 5,
        ..RawEntry::default()
    };
    zip.add("word/document.xml", entry, b"<a/> ");
    for at in 1..count {
        zip.list(&format!("{at:06}"), entry, 0);
    }
    zip.finish()
}

fn crowd(count: usize) -> Vec<u8> {
    let mut zip = RawZip::default();
    for at in 0..count {
        zip.add(&format!("{at:06}"), RawEntry::default(), b"");
    }
    zip.finish()
}

type Case = (&'static str, &'static str, Vec<u8>, Expected);

/// What must come of a file.
enum Expected {
    /// A text with this in it.
    Text(&'static str),
    /// A failure of this kind, whose message says this.
    Failure(FailureCode, &'static str),
}

use Expected::{Failure, Text};
use FailureCode::{Corrupt, Empty, TooDeep, TooLarge};

fn archives() -> Vec<Case> {
    let good = Container::docx(&paragraph("", "Some words.")).finish();
    let name = "word/document.xml";
    let nested = Container::new().part("inner.zip", spaces(50)).finish();
    let many = (0..35).fold(Container::xlsx(&[("S", "", "<sheetData/>")]), |book, at| {
        book.part(&format!("xl/media/{at}.bin"), spaces(9))
    });
    let cut = |percent: usize| good[..good.len() * percent / 100].to_vec();
    let mut doubled = RawZip::default();
    for _ in 0..2 {
        doubled.add(name, RawEntry::default(), b"");
    }
    vec![
        (
            "42.zip as a docx: one part of 400 MB",
            "a.docx",
            docx_of(spaces(400)),
            Failure(TooLarge, "200 times"),
        ),
        (
            "35 parts of 9 MB",
            "a.xlsx",
            many.finish(),
            Failure(TooLarge, "300000000 bytes"),
        ),
        (
            "a bomb that nobody asks for, in an archive in the archive",
            "a.docx",
            Container::docx(&paragraph("", "Calm."))
                .part("word/embeddings/bomb.zip", nested)
                .finish(),
            Text("Calm."),
        ),
        (
            "quoted overlap, 5000 entries",
            "a.docx",
            quoted_overlap(5000),
            Failure(Corrupt, "overlap"),
        ),
        (
            "full overlap, 5000 entries",
            "a.docx",
            full_overlap(5000),
            Failure(Corrupt, "overlap"),
        ),
        (
            "100,000 entries",
            "a.docx",
            crowd(100_000),
            Failure(TooLarge, "100000 entries; 10000 are allowed"),
        ),
        (
            "the same name twice",
            "a.docx",
            doubled.finish(),
            Failure(Corrupt, "same name"),
        ),
        (
            "a size that says 10 bytes",
            "a.docx",
            with_header_field(&good, name, 22, &10_u32.to_le_bytes()),
            Failure(Corrupt, "declared uncompressed size"),
        ),
        (
            "a size that says 4 GB",
            "a.docx",
            with_header_field(&good, name, 22, &4_000_000_000_u32.to_le_bytes()),
            Failure(Corrupt, "4000000000 bytes"),
        ),
        (
            "a compressed size of 4 GB",
            "a.docx",
            with_header_field(&good, name, 18, &4_000_000_000_u32.to_le_bytes()),
            Failure(Corrupt, ""),
        ),
        (
            "a wrong checksum",
            "a.docx",
            with_header_field(&good, name, 14, &[1, 2, 3, 4]),
            Failure(Corrupt, "hecksum"),
        ),
        ("cut at 30 %", "a.docx", cut(30), Failure(Corrupt, "")),
        ("cut at 60 %", "a.docx", cut(60), Failure(Corrupt, "")),
        ("cut at 95 %", "a.docx", cut(95), Failure(Corrupt, "")),
        (
            "a directory's end alone",
            "a.docx",
            RawZip::default().finish(),
            Failure(FailureCode::ContentMismatch, "no office document"),
        ),
    ]
}

fn xml() -> Vec<Case> {
    let xxe = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>";
    let attributes: String = (0..100_000).map(|at| format!(" a{at}=\"\"")).collect();
    let deep = format!("{}{}", "<w:p>".repeat(10_000), "</w:p>".repeat(10_000));
    let text = "<text:p>&e9;</text:p>";
    let odt = Container::open_document("text", "").part(
        "content.xml",
        format!(
            "{}<office:document-content>{text}</office:document-content>",
            laughs()
        ),
    );
    vec![
        (
            "XXE",
            "a.docx",
            docx_of(document(xxe, "<w:p><w:r><w:t>&e;</w:t></w:r></w:p>")),
            Failure(Corrupt, "document type"),
        ),
        (
            "an external document type",
            "a.docx",
            docx_of(document(
                "<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\">",
                &paragraph("", "Read."),
            )),
            Text("Read."),
        ),
        (
            "an entity that nobody declared",
            "a.docx",
            docx_of(document("", &paragraph("", "&secret;"))),
            Failure(Corrupt, "'secret'"),
        ),
        (
            "billion laughs",
            "a.docx",
            docx_of(document(&laughs(), &paragraph("", "&e9;"))),
            Failure(Corrupt, "document type"),
        ),
        (
            "billion laughs",
            "a.odt",
            odt.finish(),
            Failure(Corrupt, "document type"),
        ),
        (
            "100,000 attributes",
            "a.docx",
            docx_of(document("", &format!("<w:p{attributes}/>"))),
            Failure(TooLarge, "256 attributes"),
        ),
        (
            "10,000 elements deep",
            "a.docx",
            docx_of(document("", &deep)),
            Failure(TooDeep, "512 XML elements"),
        ),
        (
            "an element that nobody ends",
            "a.docx",
            docx_of("<w:document><w:body>"),
            Failure(Corrupt, "2 elements are open"),
        ),
        (
            "ends that are crossed",
            "a.docx",
            docx_of("<a><b></a></b>"),
            Failure(Corrupt, "broken at byte"),
        ),
        (
            "no XML at all",
            "a.docx",
            docx_of("words"),
            Failure(Empty, "no text"),
        ),
    ]
}

fn documents() -> Vec<Case> {
    let huge = "<dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\"><v>7</v></c></row>\
                <row r=\"1048576\"><c r=\"XFD1048576\"><v>8</v></c></row></sheetData>";
    let sheet = |content: &str| Container::xlsx(&[("S", "", content)]);
    let strings = "<sst count=\"9\" uniqueCount=\"99999999999\"><si><t>x</t></si></sst>";
    let wide = "<c><v>1</v></c>".repeat(20_000);
    let attributes: String = (0..100_000).map(|at| format!(" a{at}=\"\"")).collect();
    let repeated = "<table:table table:name=\"S\"><table:table-row table:number-rows-repeated=\
        \"1048576\"><table:table-cell table:number-columns-repeated=\"16384\"><text:p>x</text:p>\
        </table:table-cell></table:table-row></table:table>";
    let spine = vec![0; 100_000];
    let loops = Container::epub("b", &["<h1>Once</h1>"], &spine);
    let laughing = Container::epub("b", &[""], &[0]).part(
        "OEBPS/text/ch 0.xhtml",
        format!("{}<html><body>Ha &e9;</body></html>", laughs()),
    );
    let deep = Container::epub("b", &[&"<div>".repeat(10_000)], &[0]);
    vec![
        (
            "a sheet that claims A1:XFD1048576",
            "a.xlsx",
            sheet(huge).finish(),
            Text("7\n8"),
        ),
        (
            "99,999,999,999 shared strings, one there",
            "a.xlsx",
            sheet("<sheetData/>")
                .part("xl/sharedStrings.xml", strings)
                .finish(),
            Failure(FailureCode::Memory, ""),
        ),
        (
            "a row of 20,000 cells",
            "a.xlsx",
            sheet(&format!("<sheetData><row>{wide}</row></sheetData>")).finish(),
            Failure(TooLarge, "16384 columns"),
        ),
        (
            "100,000 attributes of a cell",
            "a.xlsx",
            sheet(&format!(
                "<sheetData><row><c{attributes}/></row></sheetData>"
            ))
            .finish(),
            Failure(TooLarge, "256 attributes"),
        ),
        (
            "17 billion repeated cells",
            "a.ods",
            Container::open_document("spreadsheet", repeated).finish(),
            Text("S\n\nx"),
        ),
        (
            "a spine that says one chapter 100,000 times",
            "a.epub",
            loops.finish(),
            Text("Once"),
        ),
        (
            "billion laughs in a chapter",
            "a.epub",
            laughing.finish(),
            Text("Ha &e9;"),
        ),
        (
            "10,000 elements deep in a chapter",
            "a.epub",
            deep.finish(),
            Failure(TooDeep, "2000 elements"),
        ),
    ]
}

async fn check(cases: Vec<Case>) {
    for (what, name, bytes, expected) in cases {
        let found = extract(name, &bytes).await;
        match (expected, found) {
            (Text(words), Ok(found)) => assert!(found.text.contains(words), "{what}"),
            (Failure(code, words), Err(failure)) => {
                assert_eq!(failure.code, code, "{what}: {failure}");
                assert!(failure.message.contains(words), "{what}: {failure}");
            }
            (_, found) => panic!("{what}: {:?}", found.map(|found| found.text.len())),
        }
    }
}

#[tokio::test]
async fn archives_that_lie_or_burst_are_refused() {
    check(archives()).await;
}

#[tokio::test]
async fn xml_that_lies_or_bursts_is_refused() {
    check(xml()).await;
}

#[tokio::test]
async fn documents_that_claim_to_be_endless_end() {
    check(documents()).await;
}
