//! Tables of every format: each value is found under its column, beside the labels of its row, in one
//! line, and so in one passage. The tables are generated: format × kind of table.

mod formats;
mod headers;

use super::extract;
use formats::{Cell, Format, Table};
use ragd::text::{ChunkSettings, chunk};

/// A value, the name of its column, and a label of its row.
struct Fact {
    label: &'static str,
    column: String,
    value: String,
}

fn fact(label: &'static str, column: &str, value: &str) -> Fact {
    Fact {
        label,
        column: column.to_owned(),
        value: value.to_owned(),
    }
}

/// Rows of plain cells; an empty text is an empty cell.
fn plain(rows: &[&[&str]]) -> Vec<Vec<Cell>> {
    let row = |row: &&[&str]| row.iter().map(|text| Cell::of(text)).collect();
    rows.iter().map(row).collect()
}

fn empty_cells() -> (Table, Vec<Fact>) {
    let rows = plain(&[
        &["Role", "Mon", "Tue", "Wed"],
        &["Gate", "Ann", "", "Cleo"],
        &["", "Bob", "Dan", ""],
        &["Tower", "", "", "Eve"],
    ]);
    let facts = vec![
        fact("Gate", "Mon", "Ann"),
        fact("Gate", "Wed", "Cleo"),
        fact("Mon", "Tue", "Dan"),
        fact("Tower", "Wed", "Eve"),
    ];
    (Table::with_headers(1, rows), facts)
}

fn row_spans() -> (Table, Vec<Fact>) {
    let rows = vec![
        vec![Cell::of("Ship"), Cell::of("Role"), Cell::of("Name")],
        vec![
            Cell::of("Albatross").over(1, 3),
            Cell::of("Captain"),
            Cell::of("Ines Marlow"),
        ],
        vec![Cell::of("Engineer"), Cell::of("Tom Birk")],
        vec![Cell::of("Cook"), Cell::of("Lea Voss")],
        vec![
            Cell::of("Cormorant").over(1, 2),
            Cell::of("Captain"),
            Cell::of("Per Holt"),
        ],
        vec![Cell::of("Engineer"), Cell::of("Una Rask")],
    ];
    let facts = vec![
        fact("Albatross", "Name", "Ines Marlow"),
        fact("Albatross", "Name", "Tom Birk"),
        fact("Albatross", "Name", "Lea Voss"),
        fact("Cormorant", "Name", "Per Holt"),
        fact("Cormorant", "Name", "Una Rask"),
    ];
    (Table::with_headers(1, rows), facts)
}

fn column_spans() -> (Table, Vec<Fact>) {
    let rows = vec![
        vec![
            Cell::of("Hall"),
            Cell::of("Morning"),
            Cell::of("Noon"),
            Cell::of("Evening"),
        ],
        vec![
            Cell::of("North"),
            Cell::of("open"),
            Cell::of("closed").over(2, 1),
        ],
        vec![
            Cell::of("South"),
            Cell::of("guided").over(2, 1),
            Cell::of("concert"),
        ],
        vec![
            Cell::of("West"),
            Cell::of("sale"),
            Cell::of("chess"),
            Cell::of("dance"),
        ],
    ];
    let facts = vec![
        fact("North", "Noon", "closed"),
        fact("North", "Evening", "closed"),
        fact("South", "Morning", "guided"),
        fact("South", "Noon", "guided"),
        fact("South", "Evening", "concert"),
        fact("West", "Evening", "dance"),
    ];
    (Table::with_headers(1, rows), facts)
}

fn two_headers() -> (Table, Vec<Fact>) {
    let rows = vec![
        vec![
            Cell::of("Region").over(1, 2),
            Cell::of("July").over(2, 1),
            Cell::of("August").over(2, 1),
        ],
        ["Units", "Revenue", "Units", "Revenue"]
            .map(Cell::of)
            .into(),
        vec![
            Cell::of("Northmoor").over(1, 2),
            Cell::of("3"),
            Cell::of("31"),
            Cell::of("4"),
            Cell::of("41"),
        ],
        ["5", "51", "6", "61"].map(Cell::of).into(),
        ["Southfen", "7", "71", "8", "81"].map(Cell::of).into(),
    ];
    let facts = vec![
        fact("Northmoor", "July › Units", "3"),
        fact("Northmoor", "August › Revenue", "41"),
        fact("Northmoor", "July › Revenue", "51"),
        fact("Northmoor", "August › Units", "6"),
        fact("Southfen", "July › Revenue", "71"),
        fact("Southfen", "August › Revenue", "81"),
    ];
    (Table::with_headers(2, rows), facts)
}

fn long() -> (Table, Vec<Fact>) {
    let mut rows = plain(&[&["Code", "Place", "Depth in metres", "Yield in litres"]]);
    let mut facts = Vec::new();
    for at in 0..150_usize {
        let (code, place) = ((1000 + at).to_string(), format!("Station {at}"));
        let (depth, litres) = (format!("{}.5", at * 7 % 41), (100 + at * 13).to_string());
        rows.push(plain(&[&[&code, &place, &depth, &litres]]).remove(0));
        facts.push(Fact {
            label: "Code: ",
            column: "Yield in litres".to_owned(),
            value: litres,
        });
        facts.push(Fact {
            label: "Place: ",
            column: "Depth in metres".to_owned(),
            value: depth,
        });
    }
    (Table::with_headers(1, rows), facts)
}

/// Extracts the table in a format, and returns how many facts were found of how many.
async fn check(format: Format, kind: &str, table: &Table, facts: &[Fact]) -> usize {
    let name = format!("table.{}", format.extension());
    let found = extract(&name, &format.write(table)).await.unwrap();
    let chunks = chunk(&found, &ChunkSettings::default());
    for fact in facts {
        let stated = format!("{}: {}", fact.column, fact.value);
        let is_stated = chunks
            .iter()
            .flat_map(|chunk| chunk.text.lines())
            .any(|line| {
                let mut parts = line.split(" | ").map(|part| part.trim_start_matches("- "));
                line.contains(fact.label) && parts.any(|part| part == stated)
            });
        assert!(
            is_stated,
            "{format:?}, {kind}: no '{stated}' in\n{}",
            found.text
        );
    }
    facts.len()
}

#[tokio::test]
async fn every_value_is_under_its_column_in_every_format() {
    let kinds = [
        ("empty cells", empty_cells()),
        ("row spans", row_spans()),
        ("column spans", column_spans()),
        ("two headers", two_headers()),
        ("long", long()),
    ];
    let (mut tables, mut values) = (0, 0);
    for format in Format::ALL {
        for (kind, (table, facts)) in &kinds {
            if table.has_spans() && !format.has_spans() {
                continue;
            }
            values += check(format, kind, table, facts).await;
            tables += 1;
        }
    }
    assert_eq!((tables, values), (49, 3_497));
}
