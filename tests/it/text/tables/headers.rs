//! Which rows are headers, what is a table of data at all, and where one table ends and another begins.

use super::super::extract;
use crate::support::office::Container;

async fn csv(text: &str) -> String {
    extract("a.csv", text.as_bytes()).await.unwrap().text
}

async fn html(body: &str) -> String {
    let page = format!("<html><body>{body}</body></html>");
    extract("a.html", page.as_bytes()).await.unwrap().text
}

/// Rows of plain cells of an HTML table.
fn rows(rows: &[&[&str]]) -> String {
    let row = |cells: &&[&str]| {
        let cells: String = cells
            .iter()
            .map(|cell| format!("<td>{cell}</td>"))
            .collect();
        format!("<tr>{cells}</tr>")
    };
    format!(
        "<table>{}</table>",
        rows.iter().map(row).collect::<String>()
    )
}

#[tokio::test]
async fn headers_may_be_years_percents_dates_or_repeated() {
    for (text, line) in [
        (
            "Region,2021,2022,2023\nNorth,110,120,130\n",
            "- Region: North | 2021: 110 | 2022: 120 | 2023: 130",
        ),
        (
            "Port,2019,2020,2021\nYork,1999,2001,1987\nHull,2000,1950,1966\n",
            "- Port: Hull | 2019: 2000 | 2020: 1950 | 2021: 1966",
        ),
        ("Item,10%,20%\nNail,5,9\n", "- Item: Nail | 10%: 5 | 20%: 9"),
        (
            "Berth,2024-03-01,2024-03-02\nA1,Heron,Gull\n",
            "- Berth: A1 | 2024-03-01: Heron | 2024-03-02: Gull",
        ),
        (
            "Name,Total,Total\nAnn,5,6\n",
            "- Name: Ann | Total: 5 | Total: 6",
        ),
        (",North,South\nUnits,5,7\nFee,,9\n", "- Fee | South: 9"),
        (
            ",2023,,2024,\nRegion,Q1,Q2,Q1,Q2\nYork,1,2,3,4\n",
            "- Region: York | 2023 › Q1: 1 | 2023 › Q2: 2 | 2024 › Q1: 3 | 2024 › Q2: 4",
        ),
    ] {
        let found = csv(text).await;
        assert!(
            found.lines().any(|found| found == line),
            "{line}\nis not in\n{found}"
        );
    }
}

#[tokio::test]
async fn names_and_values_above_a_table_are_not_its_headers() {
    for (text, expected) in [
        (
            "Sales\nCreated;2024-01-05\n\nRegion;Q1;Q2\nNorth;1;\nSouth;;4\n",
            "Sales\nCreated | 2024-01-05\nRegion | Q1 | Q2\n- Region: North | Q1: 1\n- Region: South | Q2: 4\n",
        ),
        (
            "Created;2024-01-05\nPages;3\n\nRegion;Branch;Q1\nNorth;Oslo;1\nNorth;Moss;2\n",
            "Created | 2024-01-05\nPages | 3\nRegion | Branch | Q1\n- Region: North | Branch: Oslo | Q1: 1\n- Region: North | Branch: Moss | Q1: 2\n",
        ),
        (
            "From:;Ann;;\nTotal;12;;\nRegion;Branch;Q1;Q2\nNorth;Oslo;1;2\n",
            "From: | Ann\nTotal | 12\nRegion | Branch | Q1 | Q2\n- Region: North | Branch: Oslo | Q1: 1 | Q2: 2\n",
        ),
        // Not a table's description, but a table of its own.
        (
            "York;5\nHull;6\n\nName;City\nAnn;Bath\nBob;Deal\n",
            "York | 5\nHull | 6\nName | City\n- Name: Ann | City: Bath\n- Name: Bob | City: Deal\n",
        ),
    ] {
        assert_eq!(csv(text).await, expected);
        assert_eq!(csv(&text.replace('\n', "\r\n")).await, expected);
    }
}

#[tokio::test]
async fn rows_of_values_are_not_headers() {
    for (text, expected) in [
        ("Oslo,5,3\nBergen,6,2\n", "Oslo | 5 | 3\nBergen | 6 | 2\n"),
        ("1,2\n3,4\n", "1 | 2\n3 | 4\n"),
        (
            "Loan,1%,2%\nLease,3%,4%\n",
            "Loan | 1% | 2%\nLease | 3% | 4%\n",
        ),
        ("2001,2002\n2003,2004\n", "2001 | 2002\n2003 | 2004\n"),
        ("5,,7\n,8,\n", "5 | | 7\n| 8\n"),
    ] {
        assert_eq!(csv(text).await, expected);
    }
}

#[tokio::test]
async fn names_and_their_values_are_not_a_table_with_headers() {
    let card = rows(&[
        &["Name", "Merlin"],
        &["Weight", "5 kg"],
        &["Price", "12"],
        &["Colour", "grey"],
    ]);
    assert_eq!(
        html(&card).await,
        "Name | Merlin\nWeight | 5 kg\nPrice | 12\nColour | grey"
    );
    let prices = rows(&[&["Item", "Price"], &["Tea", "3"], &["Cake", "4"]]);
    assert_eq!(
        html(&prices).await,
        "Item | Price\n- Item: Tea | Price: 3\n- Item: Cake | Price: 4"
    );
}

#[tokio::test]
async fn labels_over_all_columns_stand_in_their_rows() {
    let table = "<table><caption>Crops</caption><tr><th>Kind</th><th>Sown</th><th>Cut</th></tr>\
        <tr><td colspan=3>Cereals</td></tr><tr><td>Rye</td><td>5</td><td>4</td></tr>\
        <tr><td colspan=3>Roots</td></tr><tr><td>Beet</td><td>7</td><td>6</td></tr></table>";
    assert_eq!(
        html(table).await,
        "Crops\n\nKind | Sown | Cut\nCereals\n- Cereals | Kind: Rye | Sown: 5 | Cut: 4\nRoots\n\
         - Roots | Kind: Beet | Sown: 7 | Cut: 6"
    );
}

#[tokio::test]
async fn tables_that_arrange_text_stay_text() {
    let page = "<table><tr><td><h2>News</h2><p>One.</p></td><td><p>Two.</p></td></tr>\
        <tr><td>Three.</td><td>Four.</td></tr></table>";
    assert_eq!(html(page).await, "News\n\nOne. | Two.\nThree. | Four.");
    let frame = format!(
        "<table><tr><td>Menu</td><td>{}</td></tr></table><p>After.</p>",
        rows(&[
            &["Day", "Soup", "Fish"],
            &["Mon", "Pea", "Cod"],
            &["Tue", "", "Ray"]
        ])
    );
    assert_eq!(
        html(&frame).await,
        "Menu\n\nDay | Soup | Fish\n- Day: Mon | Soup: Pea | Fish: Cod\n- Day: Tue | Fish: Ray\n\nAfter."
    );
    let named = "<table role=presentation><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>";
    assert_eq!(html(named).await, "a | b\nc | d");
}

#[tokio::test]
async fn a_long_table_is_written_as_it_is_read() {
    let mut page = "<table><tr><th>Code<th>Place</tr>".to_owned();
    for at in 0..20_000 {
        page.push_str(&format!("<tr><td>{at}<td>Station {at}</tr>"));
    }
    // A table in a cell, after it is known that the table holds data.
    page.push_str("<tr><td>x<td><table><tr><td>in<td>side</table></tr></table>");
    let found = html(&page).await;
    assert!(found.contains("\n- Code: 19999 | Place: Station 19999\n"));
    assert!(
        found.ends_with("\n- Code: x | Place: ; , in, side"),
        "{}",
        &found[found.len() - 60..]
    );
}

fn sheet(cells: &[(&str, &str)]) -> String {
    let mut rows: std::collections::BTreeMap<u32, String> = std::collections::BTreeMap::new();
    for (name, text) in cells {
        let row = name
            .trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .parse()
            .unwrap();
        let cell = match text.parse::<f64>() {
            Ok(_) => format!("<c r=\"{name}\"><v>{text}</v></c>"),
            Err(_) => format!("<c r=\"{name}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        };
        rows.entry(row).or_default().push_str(&cell);
    }
    let rows: String = rows
        .iter()
        .map(|(row, cells)| format!("<row r=\"{row}\">{cells}</row>"))
        .collect();
    format!("<sheetData>{rows}</sheetData>")
}

async fn xlsx(cells: &[(&str, &str)]) -> String {
    let book = Container::xlsx(&[("S", "", &sheet(cells))]).finish();
    extract("a.xlsx", &book).await.unwrap().text
}

#[tokio::test]
async fn a_sheet_may_hold_tables_below_and_beside_each_other() {
    let below = xlsx(&[
        ("A1", "Stock"),
        ("A2", "Item"),
        ("B2", "Count"),
        ("A3", "Rope"),
        ("B3", "7"),
        ("A6", "Name"),
        ("B6", "Role"),
        ("C6", "Age"),
        ("A7", "Ann"),
        ("B7", "Cook"),
        ("C7", "31"),
        ("A9", "Counted in May."),
    ])
    .await;
    assert_eq!(
        below,
        "S\n\nStock\nItem | Count\n- Item: Rope | Count: 7\nName | Role | Age\n\
         - Name: Ann | Role: Cook | Age: 31\nCounted in May."
    );
    let beside = xlsx(&[
        ("A1", "Item"),
        ("B1", "Count"),
        ("A2", "Rope"),
        ("B2", "7"),
        ("A3", "Sail"),
        ("B3", "2"),
        ("D3", "Name"),
        ("E3", "Age"),
        ("A4", "Oar"),
        ("B4", "9"),
        ("D4", "Ann"),
        ("E4", "31"),
        ("D5", "Bob"),
        ("E5", "42"),
    ])
    .await;
    assert_eq!(
        beside,
        "S\n\nItem | Count\n- Item: Rope | Count: 7\n- Item: Sail | Count: 2\n- Item: Oar | Count: 9\n\
         Name | Age\n- Name: Ann | Age: 31\n- Name: Bob | Age: 42"
    );
}

#[tokio::test]
async fn an_empty_row_within_a_table_ends_nothing() {
    let text = csv("Name,Count\nRope,7\n,\nSail,2\nOar,9\n").await;
    assert_eq!(
        text,
        "Name | Count\n- Name: Rope | Count: 7\n- Name: Sail | Count: 2\n- Name: Oar | Count: 9\n"
    );
}

#[tokio::test]
async fn sheets_show_numbers_in_their_formats() {
    let styles = [
        ("0.0%", "0.075", "7.5%"),
        ("00000", "42", "00042"),
        ("#,##0.00 \"EUR\"", "1234.5", "1,234.50 EUR"),
        ("\"$\"#,##0.00", "1234.5", "$1,234.50"),
        ("0000-000-000", "301234567", "0301-234-567"),
        ("[h]:mm", "1.128472222222222", "27:05"),
        ("0 \"days\"", "5", "5 days"),
        ("0;(0)", "-5", "(5)"),
        ("dd.mm.yyyy", "45356", "05.03.2024 (2024-03-05)"),
        ("yyyy-mm-dd", "45356", "2024-03-05"),
        ("[$-407]d. mmmm yyyy", "45356", "5. März 2024 (2024-03-05)"),
        ("h:mm AM/PM", "0.75", "6:00 PM"),
        ("General", "0.1", "0.1"),
        (";;;", "9", ""),
    ];
    let escape = |code: &str| code.replace('"', "&quot;");
    let formats: String = styles
        .iter()
        .enumerate()
        .map(|(at, (code, ..))| {
            format!(
                "<numFmt numFmtId=\"{}\" formatCode=\"{}\"/>",
                164 + at,
                escape(code)
            )
        })
        .collect();
    let used: String = (0..styles.len())
        .map(|at| format!("<xf numFmtId=\"{}\" applyNumberFormat=\"1\"/>", 164 + at))
        .collect();
    let rows: String = styles
        .iter()
        .enumerate()
        .map(|(at, (_, number, _))| {
            let row = at + 1;
            format!(
                "<row r=\"{row}\"><c r=\"A{row}\"><v>{row}</v></c><c r=\"B{row}\" s=\"{row}\">\
                 <v>{number}</v></c></row>"
            )
        })
        .collect();
    let book = Container::xlsx(&[("S", "", &format!("<sheetData>{rows}</sheetData>"))]).part(
        "xl/styles.xml",
        format!(
            "<styleSheet><numFmts>{formats}</numFmts><cellXfs><xf numFmtId=\"0\"/>{used}</cellXfs>\
             </styleSheet>"
        ),
    );
    let found = extract("a.xlsx", &book.finish()).await.unwrap().text;
    for (at, (code, _, shown)) in styles.iter().enumerate() {
        let line = if shown.is_empty() {
            format!("{}", at + 1)
        } else {
            format!("{} | {shown}", at + 1)
        };
        assert!(
            found.lines().any(|found| found == line),
            "{code}: {line}\nis not in\n{found}"
        );
    }
}

#[tokio::test]
async fn delimiters_give_even_rows() {
    for (text, expected) in [
        (
            "Name;Note;City\r\n\"Aldous; Ann\";\"erste Zeile\r\nzweite, mit Komma, und, eins\";Leeds\r\n",
            "Name | Note | City\n- Name: Aldous; Ann | Note: erste Zeile zweite, mit Komma, und, eins | \
             City: Leeds\n",
        ),
        (
            "Artikel;Maß;Preis\nMutter;M8;0,35\nKappe;M 20;1,10\n",
            "Artikel | Maß | Preis\n- Artikel: Mutter | Maß: M8 | Preis: 0,35\n\
             - Artikel: Kappe | Maß: M 20 | Preis: 1,10\n",
        ),
        (
            "sep=|\nName|Town\nAnn|York, UK\n",
            "Name | Town\n- Name: Ann | Town: York, UK\n",
        ),
        (
            "Name\tTown\nAnn\tYork, UK\nBob\tHull\n",
            "Name | Town\n- Name: Ann | Town: York, UK\n- Name: Bob | Town: Hull\n",
        ),
    ] {
        assert_eq!(csv(text).await, expected);
    }
}

#[tokio::test]
async fn tables_in_markdown_are_found_outside_of_code() {
    let text = "# Wells\n\n| Code | Place \\| Hall |\n|:--|--:|\n| 1 | `A` |\n| 2 |\n\n\
        ```\n| a | b |\n|---|---|\n```\n\nCode | Depth\n--- | ---\n7 | 3\n";
    let found = extract("a.md", text.as_bytes()).await.unwrap();
    assert_eq!(
        found.text,
        "# Wells\n\nCode | Place | Hall\n- Code: 1 | Place | Hall: `A`\n- Code: 2\n\n\
         ```\n| a | b |\n|---|---|\n```\n\nCode | Depth\n- Code: 7 | Depth: 3\n"
    );
    assert_eq!(found.sections.len(), 1);
}
