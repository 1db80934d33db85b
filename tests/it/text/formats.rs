//! What text, Markdown and HTML become.

use super::{code, extract, slice};
use ragd::text::FailureCode;

#[tokio::test]
async fn plain_text_is_kept_as_it_is() {
    let text = "First line\r\n\r\n  über – 日本語 🦀\n";
    let found = extract("notes.TXT", text.as_bytes()).await.unwrap();
    assert_eq!(found.text, text);
    assert_eq!(found.content_type, "text/plain");
    assert!(found.pages.is_empty() && found.sections.is_empty());
}

#[tokio::test]
async fn marked_and_western_encodings_are_read() {
    let mut wide = vec![0xff, 0xfe];
    wide.extend("schön 日本".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(extract("a.txt", &wide).await.unwrap().text, "schön 日本");
    let marked = extract("a.txt", b"\xef\xbb\xbfmarked").await.unwrap();
    assert_eq!(marked.text, "marked");
    let western = b"Le caf\xe9 co\xfbte 3 \x80 \x96 c\x92est cher.";
    let western = extract("a.txt", western).await.unwrap();
    assert_eq!(western.text, "Le café coûte 3 € – c’est cher.");
}

#[tokio::test]
async fn markdown_stays_raw_and_its_headings_are_sections() {
    let text = "---\ntitle: x\n---\n# Größe *and* [link](http://a)\n\ntext\n\n```sh\n# no heading\n```\n\n\
                Under\n-----\n\n### Deep ###\n";
    let found = extract("a.md", text.as_bytes()).await.unwrap();
    assert_eq!(found.text, text);
    assert_eq!(found.title.as_deref(), Some("x"));
    let untitled = text.replace("title: x", "lang: de");
    let untitled = extract("a.md", untitled.as_bytes()).await.unwrap();
    assert_eq!(untitled.title.as_deref(), Some("Größe and link"));
    let sections: Vec<_> = found
        .sections
        .iter()
        .map(|section| (section.level, section.title.as_str()))
        .collect();
    assert_eq!(sections, [(1, "Größe and link"), (2, "Under"), (3, "Deep")]);
    for section in &found.sections {
        let line = slice(text, section.char_start, section.char_start + 5);
        assert!(
            ["# Grö", "Under", "### D"].contains(&line.as_str()),
            "{line}"
        );
    }
}

#[tokio::test]
async fn html_becomes_paragraphs_headings_and_rows() {
    let html = "<!doctype html><html><head><title> Fish &amp; chips </title><style>p{}</style>\
        <script>var a = '<p>no</p>';</script></head><body><nav><a>Home</a></nav>\
        <h1>Fr<b>ying</b> it</h1><p>Hot   oil\n burns.<p>Use <i>salt</i>.\
        <ul><li>one<li>two</ul><table><tr><th>Part<th>Grams</tr><tr><td><p>Fish</p></td><td>200</td></tr>\
        </table><pre>\n  keep\n    this\n</pre><h2>End</h2>&copy; caf&eacute;</body></html>";
    let found = extract("page.html", html.as_bytes()).await.unwrap();
    assert_eq!(found.title.as_deref(), Some("Fish & chips"));
    assert_eq!(
        found.text,
        "Frying it\n\nHot oil burns.\n\nUse salt.\n\n- one\n- two\n\nPart | Grams\n- Part: Fish | Grams: 200\n\n\
         \u{20} keep\n    this\n\nEnd\n\n© café"
    );
    let sections: Vec<_> = found
        .sections
        .iter()
        .map(|section| {
            let end = section.char_start + section.title.chars().count();
            (section.level, slice(&found.text, section.char_start, end))
        })
        .collect();
    assert_eq!(
        sections,
        [(1, "Frying it".to_owned()), (2, "End".to_owned())]
    );
}

#[tokio::test]
async fn html_navigation_is_left_out() {
    let html = b"<body><div class='wide navheader'><table><tr><td>Prev<td>Next</table></div>\
        <ul id=toc><li>1. Fish</ul><div role=navigation><div>Home</div></div>\
        <div class=navigate><p class=menu>Fish of the day</div></body>";
    let found = extract("page.html", html).await.unwrap();
    assert_eq!(found.text, "Fish of the day");
}

#[tokio::test]
async fn html_declares_its_encoding() {
    let html = b"<meta charset=\"iso-8859-2\"><p>\xb3\xf3d\xbc</p>";
    assert_eq!(extract("a.htm", html).await.unwrap().text, "łódź");
    let xhtml = b"<?xml version='1.0' encoding='windows-1251'?><p>\xcf\xf0\xe8</p>";
    assert_eq!(extract("a.xhtml", xhtml).await.unwrap().text, "При");
}

#[tokio::test]
async fn sloppy_html_is_no_deep_html() {
    let html = "<p>word <li>item <td>cell <br>".repeat(20_000);
    let found = extract("a.html", html.as_bytes()).await.unwrap();
    assert_eq!(found.text.matches("word").count(), 20_000);
}

#[tokio::test]
async fn extensions_without_a_parser_are_refused_by_name() {
    let failure = extract("a.exe", b"MZ").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::UnsupportedType);
    assert!(failure.message.contains("'exe'") && failure.message.contains("pdf"));
    assert_eq!(code("README", b"x").await, FailureCode::UnsupportedType);
}

#[tokio::test]
async fn text_that_begins_like_a_picture_is_text() {
    for start in [
        "BMW builds cars.",
        "MZ is a file header.",
        "%PDFs are common.",
        "II. Chapter",
    ] {
        let found = extract("a.txt", start.as_bytes()).await.unwrap();
        assert_eq!(found.text, start);
    }
}
