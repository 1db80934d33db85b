//! Tables, forms and right-to-left lines of PDFs: rows stay rows, no row is lost, what was filled in is
//! read, and letters come in the order in which they are read.

use super::extract;
use crate::support::pdf::{self, PdfWriter};

/// Draws a text at a place.
fn at(x: f64, y: f64, text: &str) -> String {
    format!("BT /F1 10 Tf {x} {y} Td ({text}) Tj ET\n")
}

/// Draws a text that ends near a place: the digits of Helvetica are 5.56 points wide at this size.
fn ending_at(x: f64, y: f64, digits: &str) -> String {
    let width: f64 = digits
        .chars()
        .map(|c| if c == '.' { 2.78 } else { 5.56 })
        .sum();
    at(x - width, y, digits)
}

async fn text_of(contents: &[String]) -> String {
    let contents: Vec<Vec<u8>> = contents
        .iter()
        .map(|page| page.clone().into_bytes())
        .collect();
    extract("a.pdf", &pdf::with_contents(&contents))
        .await
        .unwrap()
        .text
}

#[tokio::test]
async fn rows_stay_rows_whatever_the_alignment_of_the_last_column() {
    let rows = [
        ("Rope of hemp, twenty metres", "3", "41.50"),
        ("Sailcloth, bleached", "12", "1208.00"),
        ("Oar", "2", "9.75"),
    ];
    for is_right_aligned in [true, false] {
        let mut page = String::new();
        for (number, (item, count, price)) in (0_u32..).zip(rows) {
            let y = 700.0 - f64::from(number) * 14.0;
            page += &at(72.0, y, item);
            page += &ending_at(400.0, y, count);
            page += &if is_right_aligned {
                ending_at(540.0, y, price)
            } else {
                at(505.0, y, price)
            };
        }
        assert_eq!(
            text_of(&[page]).await,
            "Rope of hemp, twenty metres 3 41.50\nSailcloth, bleached 12 1208.00\nOar 2 9.75"
        );
    }
}

/// Pages of one table with its header on each; `row` draws row `number` at a height.
fn table_pages(header: &str, row: impl Fn(usize, f64) -> String) -> Vec<String> {
    let rows_a_page = 50;
    let pages = (0..3).map(|page| {
        let rows = (0..rows_a_page).map(|at| {
            let height = 715.0 - 13.5 * f64::from(u32::try_from(at).unwrap());
            row(page * rows_a_page + at, height)
        });
        header.to_owned() + &rows.collect::<String>()
    });
    pages.collect()
}

#[tokio::test]
async fn no_row_of_a_table_over_several_pages_is_lost() {
    let header = at(72.0, 730.0, "Code") + &at(200.0, 730.0, "Place") + &at(400.0, 730.0, "Depth");
    let pages = table_pages(&header, |number, y| {
        at(72.0, y, &format!("{}", 1000 + number))
            + &at(200.0, y, &format!("Station {number}"))
            + &at(400.0, y, &format!("{}", number % 7))
    });
    let text = text_of(&pages).await;
    for number in 0..150 {
        let row = format!("{} Station {number} {}", 1000 + number, number % 7);
        assert!(text.lines().any(|line| line == row), "{row} is lost");
    }
    assert_eq!(text.matches("Code Place Depth").count(), 3);
}

#[tokio::test]
async fn lines_that_differ_in_their_digits_alone_are_kept() {
    let pages = table_pages("", |number, y| {
        at(72.0, y, &format!("Reading {number} is {}.", number * 3))
    });
    let text = text_of(&pages).await;
    for number in 0..150 {
        let line = format!("Reading {number} is {}.", number * 3);
        assert!(text.lines().any(|found| found == line), "{line} is lost");
    }
}

#[tokio::test]
async fn what_counts_pages_is_left_out_and_counted() {
    let pages: Vec<Vec<u8>> = (1..=4)
        .map(|page| {
            let words = ["North", "South", "East", "West"][page - 1];
            (at(72.0, 760.0, "Harbour rules")
                + &at(72.0, 500.0, &format!("{words} pier is open."))
                + &at(300.0, 30.0, &format!("Page {} of 9", page + 3)))
                .into_bytes()
        })
        .collect();
    let found = extract("a.pdf", &pdf::with_contents(&pages)).await.unwrap();
    assert!(
        !found.text.contains("Page") && !found.text.contains("Harbour"),
        "{}",
        found.text
    );
    assert_eq!(found.left_out, 8);
}

/// A page with these widgets and this content; `resources` are entries of its resources.
fn with_widgets(content: &str, widgets: &[&str], font: &str) -> Vec<u8> {
    let mut writer = PdfWriter::new();
    let font = writer.add(font);
    let stream = writer.add_stream("", content.as_bytes());
    let widgets: Vec<String> = widgets
        .iter()
        .map(|widget| {
            format!(
                "{} 0 R",
                writer.add(format!("<< /Subtype /Widget {widget} >>"))
            )
        })
        .collect();
    let widgets = widgets.join(" ");
    let tree = writer.next() + 1;
    let page = writer.add(format!(
        "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] /Annots [{widgets}] \
         /Resources << /Font << /F1 {font} 0 R >> >> /Contents {stream} 0 R >>"
    ));
    writer.add(format!("<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>"));
    let root = writer.add(format!(
        "<< /Type /Catalog /Pages {tree} 0 R /AcroForm << /Fields [{widgets}] >> >>"
    ));
    writer.finish(root, "")
}

const HELVETICA: &str =
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

#[tokio::test]
async fn what_was_filled_into_a_form_is_read() {
    let content = at(60.0, 700.0, "Name of boat:")
        + &at(60.0, 670.0, "Insured:")
        + &at(60.0, 640.0, "Berth:")
        + &at(60.0, 610.0, "Paid:")
        + &at(60.0, 400.0, "Thank you.");
    let form = with_widgets(
        &content,
        &[
            "/FT /Tx /T (boat) /V (Grey Gannet) /Rect [160 696 360 714]",
            "/FT /Btn /T (insured) /V /Yes /AS /Yes /Rect [160 666 175 681]",
            "/FT /Ch /T (berth) /V [(North) (B 7)] /Rect [160 636 360 654]",
            "/FT /Btn /T (paid) /AS /Off /Rect [160 606 175 621]",
            "/FT /Tx /TU (Remarks) /V <FEFF00C400680072> /Rect [160 500 360 518]",
            "/FT /Tx /T (empty) /Rect [160 470 360 488]",
        ],
        HELVETICA,
    );
    let found = extract("form.pdf", &form).await.unwrap();
    let lines: Vec<&str> = found.text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "Name of boat: Grey Gannet",
            "Insured: yes",
            "Berth: North, B 7",
            "Paid: no",
            "Remarks: Ähr",
            "Thank you."
        ]
    );
}

#[tokio::test]
async fn right_to_left_lines_are_read_from_the_right() {
    // Codes A to Z stand for the letters of the Hebrew alphabet from alef on.
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n\
        1 begincodespacerange <00> <FF> endcodespacerange\n\
        2 beginbfrange <41> <5A> <05D0> <20> <40> <0020> endbfrange\n\
        endcmap CMapName currentdict /CMap defineresource pop end end";
    let mut writer = PdfWriter::new();
    let map = writer.add_stream("", map.as_bytes());
    let font = writer.add(format!(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode {map} 0 R >>"
    ));
    // "alef bet gimel" in one word, seen from the left; words are drawn from the right.
    let content = at(400.0, 700.0, "CBA") + &at(350.0, 700.0, "FED") + &at(320.0, 700.0, "18:40");
    let stream = writer.add_stream("", content.as_bytes());
    let tree = writer.next() + 1;
    let page = writer.add(format!(
        "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] \
         /Resources << /Font << /F1 {font} 0 R >> >> /Contents {stream} 0 R >>"
    ));
    writer.add(format!("<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>"));
    let root = writer.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    let found = extract("a.pdf", &writer.finish(root, "")).await.unwrap();
    assert_eq!(found.text, "אבג דהו 18:40");
}
