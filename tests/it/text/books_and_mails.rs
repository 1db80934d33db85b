//! What books and mails become.

use super::{code, extract, slice};
use crate::support::office::Container;
use ragd::text::FailureCode;

#[tokio::test]
async fn chapters_come_in_the_order_of_the_spine_and_once() {
    let chapters = [
        "<h1>Two</h1><p>second &amp; last</p><script>x</script>",
        "<h1>One</h1><p>first</p>",
        "<p>not in the spine</p>",
    ];
    let book = Container::epub("A book", &chapters, &[1, 0, 1, 7, 0]).finish();
    let found = extract("a.epub", &book).await.unwrap();
    assert_eq!(found.text, "One\n\nfirst\n\nTwo\n\nsecond & last");
    assert_eq!(found.title.as_deref(), Some("A book"));
    let named: Vec<_> = found
        .sections
        .iter()
        .map(|section| slice(&found.text, section.char_start, section.char_start + 3))
        .collect();
    assert_eq!(named, ["One", "Two"]);
    assert_eq!(found.content_type, "application/epub+zip");
}

#[tokio::test]
async fn a_chapter_without_a_heading_is_a_section_by_its_title() {
    let book = Container::epub("A book", &["<p>text</p>", "<p>more</p>"], &[0, 1]).part(
        "OEBPS/text/ch 1.xhtml",
        "<html><head><title>Epilogue</title></head><body>more</body></html>",
    );
    let found = extract("a.epub", &book.finish()).await.unwrap();
    let titles: Vec<_> = found
        .sections
        .iter()
        .map(|one| one.title.as_str())
        .collect();
    assert_eq!(titles, ["Epilogue"]);
    assert_eq!(found.sections[0].char_start, 6);
}

#[tokio::test]
async fn books_with_locked_chapters_are_encrypted() {
    let book = |algorithm: &str, part: &str| {
        let list = format!(
            "<encryption><EncryptedData><EncryptionMethod Algorithm=\"{algorithm}\"/><CipherData>\
             <CipherReference URI=\"{part}\"/></CipherData></EncryptedData></encryption>"
        );
        Container::epub("A book", &["<p>text</p>"], &[0])
            .part("META-INF/encryption.xml", list)
            .finish()
    };
    let chapter = "OEBPS/text/ch%200.xhtml";
    let locked = book("http://www.w3.org/2001/04/xmlenc#aes256-cbc", chapter);
    assert_eq!(code("a.epub", &locked).await, FailureCode::Encrypted);
    let font = book("http://www.idpf.org/2008/embedding", "OEBPS/font.otf");
    assert_eq!(extract("a.epub", &font).await.unwrap().text, "text");
}

const MAIL: &str = "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nTo: ann@example.org, Bob \
    <bob@example.org>\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\nDate: Fri, 3 May 2024 10:00:00 +0200\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\n\
    Content-Type: multipart/alternative; boundary=Y\r\n\r\n--Y\r\nContent-Type: text/plain; \
    charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=FC=DFe,\r\n\
    J.\r\n--Y\r\nContent-Type: text/html\r\n\r\n<p>the same as <b>HTML</b></p>\r\n--Y--\r\n--X\r\n\
    Content-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; \
    filename=\"plan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--X\r\n\
    Content-Type: text/plain; name=\"../notes.txt\"\r\nContent-Disposition: attachment; \
    filename=\"../notes.txt\"\r\n\r\nbring bread\r\n--X\r\nContent-Type: message/rfc822\r\n\r\n\
    From: cid@example.org\r\nSubject: Inner\r\nContent-Type: text/html\r\n\r\n<h1>Old</h1><p>mail</p>\
    \r\n--X--\r\n";

#[tokio::test]
async fn mails_keep_their_headers_text_and_attached_text() {
    let found = extract("a.eml", MAIL.as_bytes()).await.unwrap();
    assert_eq!(
        found.text,
        "Grüße\n\nFrom: Jürgen <j@example.org>\nTo: ann@example.org, Bob <bob@example.org>\n\
         Subject: Grüße\nDate: 2024-05-03T10:00:00+02:00\n\nSchöne Grüße,\nJ.\n\n\
         Attachment: plan.pdf (application/pdf)\n\nAttachment: ../notes.txt (text/plain)\n\n\
         bring bread\n\nAttachment: without a name (message/rfc822)\n\nInner\n\n\
         From: cid@example.org\nSubject: Inner\n\nOld\n\nmail"
    );
    assert_eq!(found.title.as_deref(), Some("Grüße"));
    let levels: Vec<_> = found
        .sections
        .iter()
        .map(|section| (section.level, section.title.as_str()))
        .collect();
    assert_eq!(levels, [(1, "Grüße"), (2, "Inner")]);
}

#[tokio::test]
async fn a_mail_of_html_alone_is_read_as_html() {
    let mail = "From: a@b.c\nSubject: x\nContent-Type: text/html\n\n<style>p{}</style><p>one<p>two";
    let found = extract("a.eml", mail.as_bytes()).await.unwrap();
    assert_eq!(found.text, "x\n\nFrom: a@b.c\nSubject: x\n\none\n\ntwo");
}

#[tokio::test]
async fn mails_within_mails_are_read_to_a_depth_and_what_is_no_mail_is_refused() {
    let nested: String = (0..1000)
        .map(|at| format!("Subject: level {at}\r\nContent-Type: message/rfc822\r\n\r\n"))
        .collect();
    let found = extract("a.eml", nested.as_bytes()).await.unwrap();
    assert!(found.text.contains("Subject: level 4"), "{}", found.text);
    assert!(!found.text.contains("level 5"));
    assert!(
        found
            .text
            .contains("not read, it is nested deeper than 5 mails")
    );
    assert_eq!(code("a.eml", b"just words").await, FailureCode::Corrupt);
}
