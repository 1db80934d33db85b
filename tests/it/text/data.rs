//! What tables, JSON and source code become.

use super::{code, extract, extract_within, slice};
use ragd::text::{ChunkSettings, ExtractLimits, FailureCode, chunk};

#[tokio::test]
async fn records_of_a_csv_file_are_lines_with_their_headers() {
    let file = "Name;Town;Note\n\"Müller; Ann\";Bonn;\"two\nlines\"\nBob;;\n;;\nCid;Köln;x;extra\n";
    let found = extract("a.csv", file.as_bytes()).await.unwrap();
    assert_eq!(
        found.text,
        "Name | Town | Note\n- Name: Müller; Ann | Town: Bonn | Note: two lines\n- Name: Bob\n\
         - Name: Cid | Town: Köln | Note: x | extra\n"
    );
    let bare = extract("a.tsv", b"1\t2,5\n3\t4\n").await.unwrap();
    assert_eq!(bare.text, "1 | 2,5\n3 | 4\n");
    let only = extract("a.csv", b"Name,Town\n").await.unwrap();
    assert_eq!(only.text, "Name | Town\n");
    assert_eq!(only.content_type, "text/csv");
}

#[tokio::test]
async fn passages_of_a_long_table_each_know_the_headers() {
    let rows: String = (0..500)
        .map(|at| format!("part-{at},{},{}\n", at * 7, at % 3))
        .collect();
    let file = format!("Article,Price,Shelf\n{rows}");
    let found = extract("a.csv", file.as_bytes()).await.unwrap();
    let chunks = chunk(&found, &ChunkSettings::default());
    assert!(chunks.len() > 10);
    for one in &chunks[1..] {
        assert!(one.text.starts_with("- Article: part-"), "{}", one.text);
    }
}

#[tokio::test]
async fn json_becomes_lines_of_path_and_value() {
    let text = r#"{"name": "kiln", "tags": ["hot", "old", 3], "makers": [{"name": "Ann", "born":
        1971}, {"name": "Bob \u0000", "alive": true}], "size": {"deep": {"mm": 1.5, "note": null}},
        "empty": [], "grid": [[1, 2], [3]]}"#;
    let found = extract("a.json", text.as_bytes()).await.unwrap();
    assert_eq!(
        found.text,
        "name: kiln\n\ntags: hot, old, 3\n\nmakers[0].name: Ann\nmakers[0].born: 1971\n\n\
         makers[1].name: Bob  \nmakers[1].alive: true\n\nsize.deep.mm: 1.5\nsize.deep.note: null\n\n\
         grid[0]: 1, 2\n\ngrid[1]: 3"
    );
    let named: Vec<_> = found
        .sections
        .iter()
        .map(|section| {
            let end = section.char_start + section.title.chars().count();
            (
                section.title.as_str(),
                slice(&found.text, section.char_start, end),
            )
        })
        .collect();
    assert_eq!(named.len(), 4);
    for (title, there) in named {
        assert_eq!(title, there);
    }
    assert_eq!(found.content_type, "application/json");
}

#[tokio::test]
async fn records_of_json_are_paragraphs() {
    let lines = "{\"q\": \"a\", \"n\": {\"x\": 1}}\n\n{\"q\": \"b\"}\n";
    let found = extract("a.jsonl", lines.as_bytes()).await.unwrap();
    assert_eq!(found.text, "q: a\nn.x: 1\n\nq: b");
    assert!(found.sections.is_empty());
    let array = extract("a.json", b"[{\"q\": \"a\"}, {\"q\": [1, 2]}, \"c\"]")
        .await
        .unwrap();
    assert_eq!(array.text, "q: a\n\nq: 1, 2\nc");
    assert_eq!(extract("a.json", b"\"word\"").await.unwrap().text, "word");
    let failure = extract("a.ndjson", b"{}\n{\"a\": }\n").await.unwrap_err();
    assert_eq!(failure.code, FailureCode::Corrupt);
    assert!(failure.message.contains("line 2"), "{failure}");
    let failure = extract("a.json", b"{\"a\": 1} trailing").await.unwrap_err();
    assert!(failure.message.contains("column 10"), "{failure}");
}

#[tokio::test]
async fn source_code_and_markup_is_kept_as_it_is() {
    let source = "fn main() {\n    println!(\"<b>hi</b>\");\n}\n";
    for name in [
        "a.rs", "a.py", "a.TS", "a.yaml", "a.sql", "a.xml", "a.rst", "a.tex",
    ] {
        let found = extract(name, source.as_bytes()).await.unwrap();
        assert_eq!(found.text, source, "{name}");
        assert_eq!(found.content_type, "text/plain");
    }
    assert_eq!(
        code("a.ts", b"G\0\0video").await,
        FailureCode::InvalidEncoding
    );
}

#[tokio::test]
async fn large_and_deep_data_ends_by_its_limits() {
    let long = format!("{{\"a\": \"{}\", \"last\": 1}}", "word ".repeat(2_000_000));
    let found = extract("a.json", long.as_bytes()).await.unwrap();
    assert!(found.text.ends_with("last: 1"));
    for deep in ["[", "{\"a\":"] {
        let deep = deep.repeat(100_000);
        assert_eq!(code("a.json", deep.as_bytes()).await, FailureCode::TooDeep);
        assert_eq!(code("a.jsonl", deep.as_bytes()).await, FailureCode::TooDeep);
    }
    let field = format!("a,b\n1,\"{}\"\n", "x".repeat(5_000_000));
    let failure = extract("a.csv", field.as_bytes()).await.unwrap_err();
    assert_eq!(failure.code, FailureCode::TooLarge);
    assert!(failure.message.contains("row 2") && failure.message.contains("1000000"));
    let wide = "x,".repeat(20_000) + "x\n";
    let failure = extract("a.csv", wide.as_bytes()).await.unwrap_err();
    assert!(failure.message.contains("16384 columns"), "{failure}");
    let limits = ExtractLimits {
        table_rows: 3,
        ..ExtractLimits::default()
    };
    let failure = extract_within("a.csv", b"a\nb\nc\nd\n", limits)
        .await
        .unwrap_err();
    assert!(failure.message.contains("3 rows"), "{failure}");
}
