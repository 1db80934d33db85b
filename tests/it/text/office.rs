//! What office documents become: OOXML and OpenDocument, made part by part.

use super::{code, extract, slice};
use crate::support::office::{Container, paragraph};
use ragd::text::{Extracted, FailureCode};

/// The sections as (level, title), each checked to stand where it says.
fn sections(found: &Extracted) -> Vec<(u8, &str)> {
    found
        .sections
        .iter()
        .map(|section| (section.level, section.title.as_str()))
        .collect()
}

/// The text of each page with its number.
fn pages(found: &Extracted) -> Vec<(u32, String)> {
    found
        .pages
        .iter()
        .map(|page| {
            let text = slice(&found.text, page.char_start, page.char_end);
            (page.number, text)
        })
        .collect()
}

/// A document with styles, notes, comments, a table, a list, and much that is not to be seen.
fn report() -> Container {
    let styles = "<w:styles xmlns:w=\"w\">\
        <w:style w:styleId=\"Ttl\"><w:name w:val=\"Title\"/></w:style>\
        <w:style w:styleId=\"berschrift1\"><w:name w:val=\"heading 1\"/></w:style>\
        <w:style w:styleId=\"Own\"><w:name w:val=\"Chapter\"/><w:basedOn w:val=\"berschrift1\"/></w:style>\
        <w:style w:styleId=\"Lvl\"><w:name w:val=\"Deep\"/><w:pPr><w:outlineLvl w:val=\"1\"/></w:pPr></w:style>\
        <w:style w:styleId=\"Toc\"><w:name w:val=\"toc 1\"/></w:style>\
        <w:style w:styleId=\"A\"><w:name w:val=\"a\"/><w:basedOn w:val=\"B\"/></w:style>\
        <w:style w:styleId=\"B\"><w:name w:val=\"b\"/><w:basedOn w:val=\"A\"/></w:style></w:styles>";
    let footnotes = "<w:footnotes xmlns:w=\"w\"><w:footnote w:id=\"-1\" w:type=\"separator\">\
        <w:p><w:r><w:t>no</w:t></w:r></w:p></w:footnote><w:footnote w:id=\"2\"><w:p><w:r>\
        <w:t>Measured in 2019.</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let comments = "<w:comments xmlns:w=\"w\"><w:comment w:id=\"0\" w:author=\"Ann\"><w:p><w:r>\
        <w:t>Is that so?</w:t></w:r></w:p></w:comment></w:comments>";
    let body = [
        paragraph("Ttl", "Yearly report"),
        paragraph("Toc", "Rivers 3"),
        paragraph("Own", "Rivers &amp; lakes"),
        "<w:p><w:r><w:t xml:space=\"preserve\">The Rhine is </w:t></w:r><w:r><w:rPr><w:b/></w:rPr>\
         <w:t>1,2</w:t></w:r><w:r><w:t>33 km</w:t></w:r><w:r><w:footnoteReference w:id=\"2\"/></w:r>\
         <w:r><w:tab/><w:t>long.</w:t></w:r><w:r><w:commentReference w:id=\"0\"/></w:r>\
         <w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>"
            .to_owned(),
        "<w:p><w:del><w:r><w:delText>deleted </w:delText></w:r><w:r><w:t>deleted</w:t></w:r></w:del>\
         <w:ins><w:r><w:t>inserted</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom>\
         <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>\
         <w:r><w:rPr><w:vanish w:val=\"0\"/></w:rPr><w:t xml:space=\"preserve\"> shown</w:t></w:r>\
         <w:r><w:instrText>PAGEREF x</w:instrText></w:r></w:p>"
            .to_owned(),
        paragraph("Lvl", "Flow"),
        "<w:p><w:pPr><w:numPr><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>first</w:t></w:r></w:p>\
         <w:p><w:pPr><w:numPr><w:numId w:val=\"1\"/></w:numPr></w:pPr><w:r><w:t>second</w:t></w:r></w:p>"
            .to_owned(),
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>River</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r>\
         <w:t>Length</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r>\
         <w:t>gone</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>Elbe</w:t></w:r></w:p><w:p>\
         <w:r><w:t>(Labe)</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>1,094</w:t></w:r></w:p></w:tc>\
         </w:tr></w:tbl>"
            .to_owned(),
        "<w:p><w:r><mc:AlternateContent><mc:Choice><wp:docPr id=\"1\" descr=\"A map\"/>\
         <w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></mc:Choice>\
         <mc:Fallback><w:p><w:r><w:t>In a box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>\
         </w:r></w:p>"
            .to_owned(),
        paragraph("A", "A circle of styles."),
    ];
    Container::docx(&body.concat())
        .relations(
            "word/_rels/document.xml.rels",
            &[
                ("r1", "styles", "styles.xml"),
                ("r2", "footnotes", "/word/footnotes.xml"),
                ("r3", "comments", "../word/comments.xml"),
            ],
        )
        .part("word/styles.xml", styles)
        .part("word/footnotes.xml", footnotes)
        .part("word/comments.xml", comments)
}

#[tokio::test]
async fn word_documents_keep_headings_notes_tables_and_lists() {
    let found = extract("a.docx", &report().finish()).await.unwrap();
    assert_eq!(
        found.text,
        "Yearly report\n\nRivers & lakes\n\nThe Rhine is 1,233 km long.\n\nNote: Measured in 2019.\n\n\
         Comment by Ann: Is that so?\n\ninserted shown\n\nFlow\n\n- first\n- second\n\n\
         River | Length\nElbe (Labe) | 1,094\n\nA map\n\nIn a box\n\nA circle of styles."
    );
    assert_eq!(sections(&found), [(1, "Rivers & lakes"), (2, "Flow")]);
    for section in &found.sections {
        let end = section.char_start + section.title.chars().count();
        assert_eq!(slice(&found.text, section.char_start, end), section.title);
    }
    assert_eq!(found.title.as_deref(), Some("Yearly report"));
    assert!(found.content_type.ends_with("wordprocessingml.document"));
    let titled = report().title("  The   report ").finish();
    let found = extract("a.DOCM", &titled).await.unwrap();
    assert_eq!(found.title.as_deref(), Some("The report"));
}

#[tokio::test]
async fn word_documents_may_be_in_utf_16() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><w:document><w:body><w:p><w:r>\
                <w:t>größer</w:t></w:r></w:p></w:body></w:document>";
    let mut wide = vec![0xff, 0xfe];
    wide.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let document = Container::docx("").part("word/document.xml", wide).finish();
    assert_eq!(extract("a.docx", &document).await.unwrap().text, "größer");
}

fn shape(kind: &str, paragraphs: &[&str]) -> String {
    let text: String = paragraphs
        .iter()
        .map(|text| format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>"))
        .collect();
    let place = if kind.is_empty() {
        String::new()
    } else {
        format!("<p:ph type=\"{kind}\"/>")
    };
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"2\" name=\"x\"/><p:nvPr>{place}</p:nvPr></p:nvSpPr>\
         <p:txBody>{text}</p:txBody></p:sp>"
    )
}

fn show() -> Container {
    let slide = |attributes: &str, shapes: String| {
        format!("<p:sld {attributes}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>")
    };
    let table = "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Q1</a:t></a:r></a:p>\
                 </a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>7</a:t></a:r></a:p></a:txBody></a:tc>\
                 </a:tr></a:tbl></p:graphicFrame>";
    let ids = "<p:presentation><p:sldIdLst><p:sldId id=\"256\" r:id=\"r2\"/>\
               <p:sldId id=\"257\" r:id=\"r1\"/><p:sldId id=\"258\" r:id=\"r3\"/></p:sldIdLst>\
               </p:presentation>";
    Container::office("ppt/presentation.xml", "presentationml.presentation")
        .part("ppt/presentation.xml", ids)
        .relations(
            "ppt/_rels/presentation.xml.rels",
            &[
                ("r1", "slide", "slides/slide1.xml"),
                ("r2", "slide", "slides/slide2.xml"),
                ("r3", "slide", "slides/slide3.xml"),
            ],
        )
        .part(
            "ppt/slides/slide1.xml",
            slide("show=\"0\"", shape("title", &["Hidden"])),
        )
        .part(
            "ppt/slides/slide2.xml",
            slide(
                "",
                shape("", &["Apples rose.", "Pears fell."])
                    + &shape("sldNum", &["1"])
                    + &shape("title", &["Sales"])
                    + table,
            ),
        )
        .part(
            "ppt/slides/slide3.xml",
            slide("", shape("", &["No title here."])),
        )
        .relations(
            "ppt/slides/_rels/slide2.xml.rels",
            &[
                ("n1", "notesSlide", "../notesSlides/notesSlide1.xml"),
                ("n2", "comments", "../comments/comment1.xml"),
                ("n3", "slideLayout", "../slideLayouts/slideLayout1.xml"),
            ],
        )
        .part(
            "ppt/slideLayouts/slideLayout1.xml",
            slide("", shape("title", &["Click to edit"])),
        )
        .part(
            "ppt/notesSlides/notesSlide1.xml",
            slide(
                "",
                shape("body", &["Say it slowly."]) + &shape("sldNum", &["1"]),
            ),
        )
        .part(
            "ppt/comments/comment1.xml",
            "<p:cmLst><p:cm><p:text>Too many words</p:text></p:cm></p:cmLst>",
        )
}

#[tokio::test]
async fn slides_are_pages_and_sections() {
    let found = extract("a.pptx", &show().finish()).await.unwrap();
    assert_eq!(
        pages(&found),
        [
            (
                1,
                "Sales\n\nApples rose.\nPears fell.\n\nQ1 | 7\n\nComment: Too many words\n\n\
                 Notes: Say it slowly."
                    .to_owned()
            ),
            (3, "No title here.".to_owned()),
        ]
    );
    assert_eq!(sections(&found), [(1, "Sales"), (1, "Slide 3")]);
    assert_eq!(found.sections[1].char_start, found.pages[1].char_start);
    assert_eq!(found.title.as_deref(), Some("Sales"));
}

#[tokio::test]
async fn sheets_are_pages_of_rows_with_their_headers() {
    let cell = |place: &str, text: &str| {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let people = format!(
        "<sheetData><row r=\"1\">{}</row><row r=\"3\">{}{}{}</row>\
         <row r=\"4\"><c r=\"A4\" t=\"s\"><v>0</v></c><c r=\"B4\"><v>0.30000000000000004</v></c>\
         <c r=\"C4\" s=\"1\"><v>45943</v></c></row><row r=\"9\"><c r=\"C9\" t=\"b\"><v>1</v></c></row></sheetData>",
        cell("A1", "Staff"),
        cell("A3", "Name"),
        cell("B3", "Share"),
        cell("C3", "Since"),
    );
    let secret = format!("<sheetData><row>{}</row></sheetData>", cell("A1", "secret"));
    let plain = "<sheetData><row><c><v>1</v></c><c><v>2</v></c></row></sheetData>";
    let book = Container::xlsx(&[
        ("People", "", &people),
        ("Secret", "state=\"hidden\"", &secret),
        ("Numbers", "", plain),
    ])
    .part(
        "xl/sharedStrings.xml",
        "<sst count=\"1\" uniqueCount=\"1\"><si><t>Ann &amp;\nBob</t></si></sst>",
    )
    .relations(
        "xl/worksheets/_rels/sheet1.xml.rels",
        &[("c1", "comments", "../comments1.xml")],
    )
    .part(
        "xl/comments1.xml",
        "<comments><commentList><comment ref=\"B4\"><text><r><t>Estimated</t></r></text></comment>\
         </commentList></comments>",
    )
    .title("Staff list");
    let found = extract("a.xlsx", &book.finish()).await.unwrap();
    assert_eq!(
        pages(&found),
        [
            (
                1,
                "People\n\nStaff\nName | Share | Since\n- Name: Ann & Bob | Share: 0.3 | \
                 Since: 2025-10-13\n- Since: true\n\nComment on B4: Estimated"
                    .to_owned()
            ),
            (3, "Numbers\n\n1 | 2".to_owned()),
        ]
    );
    assert_eq!(sections(&found), [(1, "People"), (1, "Numbers")]);
    assert_eq!(found.title.as_deref(), Some("Staff list"));
}

#[tokio::test]
async fn open_document_texts_keep_headings_notes_tables_and_lists() {
    let content = "<text:tracked-changes><text:deletion><text:p>deleted</text:p></text:deletion>\
        </text:tracked-changes><text:h text:outline-level=\"1\">Seas</text:h>\
        <text:p>The<text:s/>North <text:span>Sea</text:span><text:note><text:note-citation>1\
        </text:note-citation><text:note-body><text:p>See map.</text:p></text:note-body></text:note> is \
        cold.<office:annotation><dc:creator>Ann</dc:creator><text:p>Really?</text:p></office:annotation>\
        </text:p><text:section text:display=\"none\"><text:p>hidden</text:p></text:section>\
        <text:list><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two\
        </text:p></text:list-item></text:list><text:h text:outline-level=\"2\">Depth</text:h>\
        <table:table table:name=\"T\"><table:table-row><table:table-cell><text:p>Sea</text:p>\
        </table:table-cell><table:table-cell><text:p>Metres</text:p></table:table-cell></table:table-row>\
        <table:table-row><table:table-cell><text:p>Baltic</text:p></table:table-cell><table:table-cell>\
        <text:p>55</text:p></table:table-cell></table:table-row></table:table>";
    let document = Container::open_document("text", content)
        .part(
            "meta.xml",
            "<office:document-meta><office:meta><dc:title>About seas</dc:title></office:meta>\
             </office:document-meta>",
        )
        .finish();
    let found = extract("a.odt", &document).await.unwrap();
    assert_eq!(
        found.text,
        "Seas\n\nThe North Sea is cold.\n\nNote: See map.\n\nComment: Really?\n\n- one\n- two\n\n\
         Depth\n\nSea | Metres\nBaltic | 55"
    );
    assert_eq!(sections(&found), [(1, "Seas"), (2, "Depth")]);
    assert_eq!(found.title.as_deref(), Some("About seas"));
}

#[tokio::test]
async fn open_document_slides_and_sheets_are_pages() {
    let slides = "<draw:page><draw:frame presentation:class=\"title\"><draw:text-box><text:p>Plan\
        </text:p></draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>Begin.</text:p>\
        </draw:text-box></draw:frame><presentation:notes><draw:frame><draw:text-box><text:p>Smile.\
        </text:p></draw:text-box></draw:frame></presentation:notes></draw:page><draw:page><draw:frame>\
        <draw:text-box><text:p>Bare.</text:p></draw:text-box></draw:frame></draw:page>";
    let show = Container::open_document("presentation", slides).finish();
    let found = extract("a.odp", &show).await.unwrap();
    assert_eq!(
        pages(&found),
        [
            (1, "Plan\n\nBegin.\n\nNotes: Smile.".to_owned()),
            (2, "Bare.".to_owned())
        ]
    );
    assert_eq!(sections(&found), [(1, "Plan"), (1, "Slide 2")]);

    let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
    let sheet = format!(
        "<table:table table:name=\"Costs\"><table:table-row>{}{}</table:table-row>\
         <table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell \
         table:number-columns-repeated=\"16384\"/></table:table-row><table:table-row>\
         <table:table-cell/>{}</table:table-row></table:table>",
        cell("Item"),
        cell("Price"),
        cell("4 €"),
    );
    let book = Container::open_document("spreadsheet", &sheet).finish();
    let found = extract("a.ods", &book).await.unwrap();
    assert_eq!(found.text, "Costs\n\nItem | Price\n- Price: 4 €");
    assert_eq!(pages(&found).len(), 1);
}

#[tokio::test]
async fn rtf_keeps_headings_notes_tables_and_characters() {
    let text = concat!(
        r"{\rtf1\ansi\ansicpg1251\deff0{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\*\generator x;}",
        r"{\info{\title Rivers}{\author no}}{\header running}",
        r"\pard\outlinelevel0 {\b Sea\b0s}\par\pard The sea is {\v hidden}{\deleted gone}",
        r"\'ec\'ee\'f0\'e5 \u8364?\u-10179\'3f\u-8704? \{wide\}{\footnote See {\i map}.}.\par",
        "\r\n",
        r"\trowd\pard\intbl Sea\cell Depth\par (m)\cell\row\pard\intbl Baltic\cell 55\cell\row",
        r"\pard{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\pict\bin4 {{{{}\emdash end\par}",
    );
    let found = extract("a.rtf", text.as_bytes()).await.unwrap();
    assert_eq!(
        found.text,
        "Seas\n\nThe sea is море €😀 {wide}.\n\nNote: See map.\n\nSea | Depth (m)\nBaltic | 55\n\n\
         link—end"
    );
    assert_eq!(found.title.as_deref(), Some("Rivers"));
    assert_eq!(sections(&found), [(1, "Seas")]);
    let cases: [(&[u8], FailureCode); 4] = [
        (b"{\\rtf1 text", FailureCode::Corrupt),
        (b"{\\rtf1 {\\*\\x y}}", FailureCode::Empty),
        (b"{\\rtf1 \\bin99999999999 x}", FailureCode::Corrupt),
        (b"words", FailureCode::ContentMismatch),
    ];
    for (bytes, expected) in cases {
        assert_eq!(code("a.rtf", bytes).await, expected);
    }
    let deep = format!("{{\\rtf1 {}", "{".repeat(100_000));
    assert_eq!(code("a.rtf", deep.as_bytes()).await, FailureCode::TooDeep);
}
