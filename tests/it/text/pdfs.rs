//! What good PDFs become: pages, paragraphs, whole words, headings.

use super::{extract, slice};
use crate::support::pdf;

#[tokio::test]
async fn pages_have_their_numbers_and_places() {
    let found = extract(
        "a.pdf",
        &pdf::with_pages(&[&["Première page."], &[], &["Third page (with brackets)."]]),
    )
    .await
    .unwrap();
    assert_eq!(found.content_type, "application/pdf");
    let pages: Vec<_> = found
        .pages
        .iter()
        .map(|page| {
            (
                page.number,
                slice(&found.text, page.char_start, page.char_end),
            )
        })
        .collect();
    assert_eq!(pages[1], (2, String::new()));
    assert_eq!(pages[2], (3, "Third page (with brackets).".to_owned()));
    assert_eq!(pages.len(), 3);
}

#[tokio::test]
async fn wrapped_lines_are_joined_and_divided_words_made_whole() {
    let found = extract(
        "a.pdf",
        &pdf::with_pages(&[&[
            "This paragraph is long enough to be wrapped, and it shows an exam-",
            "ple of a divided word beside a well-known compound, which is well-",
            "known because it stands undivided above. It ends here.",
            "",
            "",
            "let code = 1;",
            "let more = 2;",
        ]]),
    )
    .await
    .unwrap();
    assert_eq!(
        found.text,
        "This paragraph is long enough to be wrapped, and it shows an example of a divided word \
         beside a well-known compound, which is well-known because it stands undivided above. It \
         ends here.\n\nlet code = 1;\nlet more = 2;"
    );
}

#[tokio::test]
async fn running_heads_page_numbers_and_leaders_are_left_out() {
    let content = |number: usize, body: &str| {
        let mut content = format!(
            "BT /F1 9 Tf 72 760 Td (The Manual \\267 Chapter {number}) Tj ET\n\
             BT /F1 9 Tf 300 30 Td ({number}) Tj ET\n"
        )
        .into_bytes();
        content.extend(pdf::content(&[body]));
        content
    };
    let pages = [
        content(1, "Start . . . . . . . . . . . . 7"),
        content(2, "Second body."),
        content(3, "Third body, 2024."),
        content(4, "Fourth body."),
    ];
    let found = extract("a.pdf", &pdf::with_contents(&pages)).await.unwrap();
    assert_eq!(
        found.text,
        "Start … 7\n\nSecond body.\n\nThird body, 2024.\n\nFourth body."
    );
}

#[tokio::test]
async fn larger_type_is_a_heading_and_text_off_the_page_is_not_read() {
    let page = b"BT /F1 24 Tf 72 700 Td (Big Title) Tj ET BT /F1 16 Tf 72 660 Td (A Heading) Tj ET \
        BT /F1 10 Tf 72 640 Td (The body follows, and there is enough of it to be the body.) Tj ET \
        BT /F1 10 Tf 72 626 Td (More body.) Tj ET BT /F1 10 Tf 72 612 Td (Body again.) Tj ET \
        BT /F1 10 Tf 72 598 Td (And body.) Tj ET BT /F1 10 Tf 72 584 Td (Body, for the last time.) Tj ET \
        BT /F1 10 Tf 72 570 Td (No, this is the last.) Tj ET BT /F1 10 Tf 72 556 Td (Really.) Tj ET \
        BT /F1 10 Tf 72 5000 Td (invisible) Tj ET";
    let found = extract("a.pdf", &pdf::with_contents(&[page.to_vec()]))
        .await
        .unwrap();
    assert_eq!(found.title.as_deref(), Some("Big Title"));
    let sections: Vec<_> = found
        .sections
        .iter()
        .map(|section| (section.level, section.title.as_str()))
        .collect();
    assert_eq!(sections, [(1, "Big Title"), (2, "A Heading")]);
    assert!(!found.text.contains("invisible"));
}

#[tokio::test]
async fn columns_are_read_one_after_the_other_and_rows_across() {
    let page = b"BT /F1 10 Tf 12 TL 72 700 Td (left one) Tj T* (left two) Tj ET \
        BT /F1 10 Tf 12 TL 320 700 Td (right one) Tj T* (right two) Tj ET \
        BT /F1 10 Tf 72 500 Td (cell) Tj 200 0 Td (other cell) Tj ET";
    let found = extract("a.pdf", &pdf::with_contents(&[page.to_vec()]))
        .await
        .unwrap();
    assert_eq!(
        found.text,
        "left one\nleft two\n\nright one\nright two\n\ncell other cell"
    );
}
