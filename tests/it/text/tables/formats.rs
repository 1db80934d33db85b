//! Writes one table in each format that has tables.

use crate::support::office::Container;

/// A cell that covers one or more columns and rows.
#[derive(Clone)]
pub struct Cell {
    text: String,
    columns: usize,
    rows: usize,
}

impl Cell {
    pub fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            columns: 1,
            rows: 1,
        }
    }

    pub fn over(self, columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            ..self
        }
    }
}

/// A table: rows of the cells that begin in them.
pub struct Table {
    header_rows: usize,
    rows: Vec<Vec<Cell>>,
}

/// What stands at a place of the grid.
enum At<'t> {
    Cell(&'t Cell),
    /// Covered by a cell that begins to the left, in this row.
    Left,
    /// Covered by a cell that begins above, with its columns if this is its first one.
    Above(Option<usize>),
}

impl Table {
    pub fn with_headers(header_rows: usize, rows: Vec<Vec<Cell>>) -> Self {
        Self { header_rows, rows }
    }

    pub fn has_spans(&self) -> bool {
        let mut cells = self.rows.iter().flatten();
        cells.any(|cell| cell.columns > 1 || cell.rows > 1)
    }

    /// Every place of the grid, row by row.
    fn grid(&self) -> Vec<Vec<At<'_>>> {
        // By column: how many rows are covered from above, and the columns of the cell at its first.
        let mut covered: Vec<(usize, Option<usize>)> = vec![(0, None); 32];
        let mut grid = Vec::new();
        for row in &self.rows {
            let mut places = Vec::new();
            let mut cells = row.iter();
            loop {
                let column = places.len();
                if covered[column].0 > 0 {
                    covered[column].0 -= 1;
                    places.push(At::Above(covered[column].1));
                    continue;
                }
                let Some(cell) = cells.next() else { break };
                for offset in 0..cell.columns {
                    let first = (offset == 0).then_some(cell.columns);
                    covered[column + offset] = (cell.rows - 1, first);
                    places.push(if offset == 0 {
                        At::Cell(cell)
                    } else {
                        At::Left
                    });
                }
            }
            grid.push(places);
        }
        grid
    }
}

/// The formats, some in two ways of writing a table.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    Html,
    /// Without `<th>` and `<thead>`.
    BareHtml,
    Markdown,
    Csv,
    Docx,
    Pptx,
    Xlsx,
    Odt,
    Ods,
    Rtf,
    Epub,
}

impl Format {
    pub const ALL: [Self; 11] = [
        Self::Html,
        Self::BareHtml,
        Self::Markdown,
        Self::Csv,
        Self::Docx,
        Self::Pptx,
        Self::Xlsx,
        Self::Odt,
        Self::Ods,
        Self::Rtf,
        Self::Epub,
    ];

    pub fn extension(self) -> &'static str {
        match self {
            Self::Html | Self::BareHtml => "html",
            Self::Markdown => "md",
            Self::Csv => "csv",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Xlsx => "xlsx",
            Self::Odt => "odt",
            Self::Ods => "ods",
            Self::Rtf => "rtf",
            Self::Epub => "epub",
        }
    }

    pub fn has_spans(self) -> bool {
        !matches!(self, Self::Markdown | Self::Csv)
    }

    pub fn write(self, table: &Table) -> Vec<u8> {
        match self {
            Self::Html => html(table, true).into_bytes(),
            Self::BareHtml => html(table, false).into_bytes(),
            Self::Markdown => markdown(table).into_bytes(),
            Self::Csv => separated(table).into_bytes(),
            Self::Docx => Container::docx(&docx(table)).finish(),
            Self::Pptx => pptx(table),
            Self::Xlsx => Container::xlsx(&[("Sheet", "", &xlsx(table))]).finish(),
            Self::Odt => Container::open_document("text", &open_document(table)).finish(),
            Self::Ods => Container::open_document("spreadsheet", &open_document(table)).finish(),
            Self::Rtf => rtf(table).into_bytes(),
            Self::Epub => Container::epub("Book", &[&html(table, true)], &[0]).finish(),
        }
    }
}

fn html(table: &Table, with_headers: bool) -> String {
    let mut out = "<p>Intro.</p><table>".to_owned();
    for (at, row) in table.rows.iter().enumerate() {
        let name = if with_headers && at < table.header_rows {
            "th"
        } else {
            "td"
        };
        out.push_str("<tr>");
        for cell in row {
            out.push_str(&format!(
                "<{name} colspan=\"{}\" rowspan=\"{}\">{}</{name}>",
                cell.columns, cell.rows, cell.text
            ));
        }
        out.push_str("</tr>");
    }
    out + "</table>"
}

fn markdown(table: &Table) -> String {
    let mut out = "# Table\n\n".to_owned();
    for (at, row) in table.rows.iter().enumerate() {
        let texts: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
        out.push_str(&format!("| {} |\n", texts.join(" | ")));
        if at == 0 {
            out.push_str(&format!("|{}\n", "---|".repeat(row.len())));
        }
    }
    out + "\nAfter it.\n"
}

fn separated(table: &Table) -> String {
    let row = |row: &Vec<Cell>| {
        let texts: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
        texts.join(",") + "\n"
    };
    table.rows.iter().map(row).collect()
}

fn docx(table: &Table) -> String {
    let cell = |properties: String, text: &str| {
        format!("<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
    };
    let mut out = "<w:tbl>".to_owned();
    for places in table.grid() {
        out.push_str("<w:tr>");
        for place in places {
            match place {
                At::Cell(found) => {
                    let merge = if found.rows > 1 {
                        "<w:vMerge w:val=\"restart\"/>"
                    } else {
                        ""
                    };
                    let span = format!("<w:gridSpan w:val=\"{}\"/>{merge}", found.columns);
                    out.push_str(&cell(span, &found.text));
                }
                At::Above(Some(columns)) => {
                    let span = format!("<w:gridSpan w:val=\"{columns}\"/><w:vMerge/>");
                    out.push_str(&cell(span, ""));
                }
                At::Left | At::Above(None) => {}
            }
        }
        out.push_str("</w:tr>");
    }
    out + "</w:tbl>"
}

fn pptx(table: &Table) -> Vec<u8> {
    let cell = |attributes: String, text: &str| {
        format!(
            "<a:tc{attributes}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"
        )
    };
    let mut rows = String::new();
    for places in table.grid() {
        rows.push_str("<a:tr>");
        for place in places {
            rows.push_str(&match place {
                At::Cell(found) => {
                    let span =
                        format!(" gridSpan=\"{}\" rowSpan=\"{}\"", found.columns, found.rows);
                    cell(span, &found.text)
                }
                At::Left => cell(" hMerge=\"1\"".to_owned(), ""),
                At::Above(Some(columns)) => {
                    cell(format!(" gridSpan=\"{columns}\" vMerge=\"1\""), "")
                }
                At::Above(None) => cell(" hMerge=\"1\" vMerge=\"1\"".to_owned(), ""),
            });
        }
        rows.push_str("</a:tr>");
    }
    let slide = format!(
        "<p:sld><p:cSld><p:spTree><p:graphicFrame><a:tbl>{rows}</a:tbl></p:graphicFrame>\
         </p:spTree></p:cSld></p:sld>"
    );
    let ids = "<p:presentation><p:sldIdLst><p:sldId id=\"256\" r:id=\"r1\"/></p:sldIdLst>\
               </p:presentation>";
    Container::office("ppt/presentation.xml", "presentationml.presentation")
        .part("ppt/presentation.xml", ids)
        .relations(
            "ppt/_rels/presentation.xml.rels",
            &[("r1", "slide", "slides/slide1.xml")],
        )
        .part("ppt/slides/slide1.xml", slide)
        .finish()
}

/// The name of a cell of a spreadsheet.
fn name(row: usize, column: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(column).unwrap());
    format!("{letter}{}", row + 1)
}

fn xlsx(table: &Table) -> String {
    let (mut rows, mut merged) = (String::new(), String::new());
    for (at, places) in table.grid().iter().enumerate() {
        rows.push_str(&format!("<row r=\"{}\">", at + 1));
        for (column, place) in places.iter().enumerate() {
            let At::Cell(cell) = place else { continue };
            let from = name(at, column);
            if cell.columns * cell.rows > 1 {
                let to = name(at + cell.rows - 1, column + cell.columns - 1);
                merged.push_str(&format!("<mergeCell ref=\"{from}:{to}\"/>"));
            }
            rows.push_str(&match cell.text.parse::<f64>() {
                Ok(number) => format!("<c r=\"{from}\"><v>{number}</v></c>"),
                Err(_) if cell.text.is_empty() => String::new(),
                Err(_) => {
                    format!(
                        "<c r=\"{from}\" t=\"inlineStr\"><is><t>{}</t></is></c>",
                        cell.text
                    )
                }
            });
        }
        rows.push_str("</row>");
    }
    let merged = if merged.is_empty() {
        String::new()
    } else {
        format!("<mergeCells>{merged}</mergeCells>")
    };
    format!("<sheetData>{rows}</sheetData>{merged}")
}

fn open_document(table: &Table) -> String {
    let mut out = "<table:table table:name=\"T\">".to_owned();
    for places in table.grid() {
        out.push_str("<table:table-row>");
        for place in places {
            out.push_str(&match place {
                At::Cell(cell) if cell.text.is_empty() => "<table:table-cell/>".to_owned(),
                At::Cell(cell) => format!(
                    "<table:table-cell table:number-columns-spanned=\"{}\" \
                     table:number-rows-spanned=\"{}\"><text:p>{}</text:p></table:table-cell>",
                    cell.columns, cell.rows, cell.text
                ),
                At::Left | At::Above(_) => "<table:covered-table-cell/>".to_owned(),
            });
        }
        out.push_str("</table:table-row>");
    }
    out + "</table:table>"
}

fn rtf(table: &Table) -> String {
    let mut out = r"{\rtf1\ansi ".to_owned();
    for places in table.grid() {
        let (mut shapes, mut texts) = (String::new(), String::new());
        for (column, place) in places.iter().enumerate() {
            let (shape, text) = match place {
                At::Cell(cell) => (
                    format!(
                        "{}{}",
                        if cell.rows > 1 { r"\clvmgf" } else { "" },
                        if cell.columns > 1 { r"\clmgf" } else { "" }
                    ),
                    cell.text.as_str(),
                ),
                At::Left | At::Above(None) => (r"\clmrg".to_owned(), ""),
                At::Above(Some(_)) => (r"\clvmrg".to_owned(), ""),
            };
            shapes.push_str(&format!(r"{shape}\cellx{}", (column + 1) * 1000));
            texts.push_str(&format!(r"\intbl {text}\cell "));
        }
        out.push_str(&format!(r"\trowd{shapes}\pard {texts}\row "));
    }
    out + r"\pard After it.\par}"
}
