//! Writers of containers for tests: office documents part by part, and ZIP archives byte by byte for
//! those that lie.

use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A container in the making.
#[derive(Clone, Default)]
pub struct Container {
    parts: Vec<(String, Vec<u8>)>,
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

impl Container {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part, or replaces the one of that name.
    pub fn part(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.parts.retain(|(known, _)| known != name);
        self.parts.push((name.to_owned(), bytes.into()));
        self
    }

    /// Adds the relationships of a part: (id, last word of the type, target).
    pub fn relations(self, name: &str, relations: &[(&str, &str, &str)]) -> Self {
        let listed: String = relations
            .iter()
            .map(|(id, kind, target)| {
                format!("<Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
            })
            .collect();
        self.part(
            name,
            format!("{XML}<Relationships>{listed}</Relationships>"),
        )
    }

    /// An office document whose main part is `main`, of the media type `family`.
    pub fn office(main: &str, family: &str) -> Self {
        let kind = format!("application/vnd.openxmlformats-officedocument.{family}.main+xml");
        Self::new()
            .part(
                "[Content_Types].xml",
                format!(
                    "{XML}<Types><Default Extension=\"xml\" ContentType=\"application/xml\"/>\
                     <Override PartName=\"/{main}\" ContentType=\"{kind}\"/></Types>"
                ),
            )
            .relations(
                "_rels/.rels",
                &[
                    ("rId1", "officeDocument", main),
                    ("rId2", "core-properties", "docProps/core.xml"),
                ],
            )
    }

    /// The title in the properties.
    pub fn title(self, title: &str) -> Self {
        self.part(
            "docProps/core.xml",
            format!("{XML}<cp:coreProperties><dc:title>{title}</dc:title></cp:coreProperties>"),
        )
    }

    /// A Word document with that body.
    pub fn docx(body: &str) -> Self {
        Self::office("word/document.xml", "wordprocessingml.document").part(
            "word/document.xml",
            format!("{XML}<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>"),
        )
    }

    /// A workbook of sheets: (name, attributes of its entry, XML of the worksheet's content).
    pub fn xlsx(sheets: &[(&str, &str, &str)]) -> Self {
        let listed: String = sheets
            .iter()
            .enumerate()
            .map(|(at, (name, state, _))| {
                format!(
                    "<sheet name=\"{name}\" sheetId=\"{0}\" {state} r:id=\"rId{0}\"/>",
                    at + 1
                )
            })
            .collect();
        let names: Vec<(String, String)> = (1..=sheets.len())
            .map(|at| (format!("rId{at}"), format!("worksheets/sheet{at}.xml")))
            .collect();
        let mut relations: Vec<(&str, &str, &str)> = names
            .iter()
            .map(|(id, target)| (id.as_str(), "worksheet", target.as_str()))
            .collect();
        relations.push(("rId900", "sharedStrings", "sharedStrings.xml"));
        relations.push(("rId901", "styles", "styles.xml"));
        let mut book = Self::office("xl/workbook.xml", "spreadsheetml.sheet")
            .part(
                "xl/workbook.xml",
                format!(
                    "{XML}<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
                     xmlns:r=\"{OFFICE}\"><sheets>{listed}</sheets></workbook>"
                ),
            )
            .relations("xl/_rels/workbook.xml.rels", &relations)
            .part(
                "xl/styles.xml",
                format!(
                    "{XML}<styleSheet><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/>\
                     </cellXfs></styleSheet>"
                ),
            );
        for (at, (_, _, content)) in sheets.iter().enumerate() {
            book = book.part(
                &format!("xl/worksheets/sheet{}.xml", at + 1),
                format!("{XML}<worksheet>{content}</worksheet>"),
            );
        }
        book
    }

    /// An OpenDocument of the kind `text`, `presentation` or `spreadsheet`.
    pub fn open_document(kind: &str, content: &str) -> Self {
        Self::new()
            .part(
                "mimetype",
                format!("application/vnd.oasis.opendocument.{kind}"),
            )
            .part(
                "content.xml",
                format!(
                    "{XML}<office:document-content><office:body><office:{kind}>{content}\
                     </office:{kind}></office:body></office:document-content>"
                ),
            )
    }

    /// A book of chapters, each the body of a page, in the order of `spine` (indexes, from 0).
    pub fn epub(title: &str, chapters: &[&str], spine: &[usize]) -> Self {
        let items: String = (0..chapters.len())
            .map(|at| {
                format!(
                    "<item id=\"c{at}\" href=\"text/ch%20{at}.xhtml\" \
                     media-type=\"application/xhtml+xml\"/>"
                )
            })
            .collect();
        let order: String = spine
            .iter()
            .map(|at| format!("<itemref idref=\"c{at}\"/>"))
            .collect();
        let mut book = Self::new()
            .part("mimetype", "application/epub+zip")
            .part(
                "META-INF/container.xml",
                format!(
                    "{XML}<container><rootfiles><rootfile full-path=\"OEBPS/book.opf\"/>\
                     </rootfiles></container>"
                ),
            )
            .part(
                "OEBPS/book.opf",
                format!(
                    "{XML}<package><metadata><dc:title>{title}</dc:title></metadata>\
                     <manifest>{items}</manifest><spine>{order}</spine></package>"
                ),
            );
        for (at, chapter) in chapters.iter().enumerate() {
            book = book.part(
                &format!("OEBPS/text/ch {at}.xhtml"),
                format!(
                    "{XML}<html><head><title>{title}</title></head><body>{chapter}</body></html>"
                ),
            );
        }
        book
    }

    /// The archive; the media type stands first and stored, as the standards ask.
    pub fn finish(&self) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let mut parts: Vec<_> = self.parts.iter().collect();
        parts.sort_by_key(|(name, _)| name != "mimetype");
        for (name, bytes) in parts {
            let method = if name == "mimetype" {
                CompressionMethod::Stored
            } else {
                CompressionMethod::Deflated
            };
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(name.as_str(), options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }
}

/// A paragraph of a Word document in the style `style`, if that is not empty.
pub fn paragraph(style: &str, text: &str) -> String {
    let properties = if style.is_empty() {
        String::new()
    } else {
        format!("<w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>")
    };
    format!("<w:p>{properties}<w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

/// A ZIP archive written byte by byte: entries, then their directory.
#[derive(Default)]
pub struct RawZip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u64,
}

/// What a header says about an entry.
#[derive(Clone, Copy, Default)]
pub struct RawEntry {
    pub flags: u16,
    pub method: u16,
    pub crc: u32,
    pub packed: u32,
    pub size: u32,
}

impl RawZip {
    /// Where the next byte will stand.
    pub fn position(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap()
    }

    /// Writes bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Lists an entry whose local header stands at `at`.
    pub fn list(&mut self, name: &str, entry: RawEntry, at: u32) {
        self.count += 1;
        self.directory.extend(b"PK\x01\x02\x14\0\x14\0");
        self.directory.extend(described(entry, name));
        self.directory.extend([0; 2 + 2 + 2 + 4]);
        self.directory.extend(at.to_le_bytes());
        self.directory.extend(name.as_bytes());
    }

    /// Writes an entry and lists it.
    pub fn add(&mut self, name: &str, entry: RawEntry, data: &[u8]) {
        let at = self.position();
        self.push(&local_header(name, entry));
        self.push(data);
        self.list(name, entry, at);
    }

    /// The archive.
    pub fn finish(mut self) -> Vec<u8> {
        let start = self.position();
        let length = u32::try_from(self.directory.len()).unwrap();
        self.bytes.append(&mut self.directory);
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        if self.count > u64::from(u16::MAX) {
            let at = self.bytes.len() as u64;
            self.bytes.extend(b"PK\x06\x06");
            self.bytes.extend(44_u64.to_le_bytes());
            self.bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [self.count, self.count, u64::from(length), u64::from(start)] {
                self.bytes.extend(number.to_le_bytes());
            }
            self.bytes.extend(b"PK\x06\x07\0\0\0\0");
            self.bytes.extend(at.to_le_bytes());
            self.bytes.extend(1_u32.to_le_bytes());
        }
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(count.to_le_bytes());
        self.bytes.extend(count.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(start.to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

/// The local header of an entry (APPNOTE 4.3.7).
pub fn local_header(name: &str, entry: RawEntry) -> Vec<u8> {
    let mut header = b"PK\x03\x04\x14\0".to_vec();
    header.extend(described(entry, name));
    header.extend(name.as_bytes());
    header
}

/// What both headers of an entry have in common, up to the length of the extra field.
fn described(entry: RawEntry, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(entry.flags.to_le_bytes());
    bytes.extend(entry.method.to_le_bytes());
    // 1980-01-01, 0:00.
    bytes.extend([0, 0, 0x21, 0]);
    bytes.extend(entry.crc.to_le_bytes());
    bytes.extend(entry.packed.to_le_bytes());
    bytes.extend(entry.size.to_le_bytes());
    bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// Changes the header fields at `offset` (of the local header; the directory's stand two bytes
/// further) of the first entry of that name.
pub fn with_header_field(archive: &[u8], name: &str, offset: usize, field: &[u8]) -> Vec<u8> {
    let mut changed = archive.to_vec();
    for (signature, head, shift) in [(b"PK\x03\x04", 30, 0), (b"PK\x01\x02", 46, 2)] {
        let at = (0..changed.len())
            .find(|at| {
                let rest = &changed[*at..];
                rest.starts_with(signature)
                    && rest.get(head..head + name.len()) == Some(name.as_bytes())
            })
            .unwrap();
        changed[at + offset + shift..at + offset + shift + field.len()].copy_from_slice(field);
    }
    changed
}
