//! EPUB (W3C, EPUB 3.3): the chapters in the order of the spine, each read as HTML and only once,
//! even if the spine repeats it. A chapter without headings is a section with the chapter's title.

use super::archive::{Archive, parent, resolve};
use super::builder::TextBuilder;
use super::xml::{XmlReader, characters};
use super::{ExtractFailure, ExtractLimits, Extracted, Section, decode, html};
use std::collections::{HashMap, HashSet};

const MEDIA_TYPE: &[u8] = b"application/epub+zip";

/// Algorithms that only obfuscate fonts.
const FONT_ALGORITHMS: [&str; 2] = [
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
];

/// The content of the package document.
#[derive(Default)]
struct Book {
    title: Option<String>,
    /// The parts by their ids.
    items: HashMap<String, String>,
    /// The ids of the chapters in reading order.
    spine: Vec<String>,
}

/// Extracts the text of a book.
///
/// # Errors
/// Those of the container, of its XML and of its HTML, `content_mismatch` for another kind of
/// container, `encrypted`.
pub(super) fn extract(bytes: &[u8], limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let mut archive = Archive::open(bytes, limits)?;
    let found = archive.read("mimetype")?.unwrap_or_default();
    if found.trim_ascii() != MEDIA_TYPE {
        return Err(ExtractFailure::content_mismatch(
            "its name says EPUB, but it is another ZIP archive",
        ));
    }
    let package = package_name(&mut archive, limits)?;
    let book = read_package(&mut archive, &package, limits)?;
    refuse_encrypted(&mut archive, &book, limits)?;
    let mut text = BookText::new(limits);
    let mut seen = HashSet::new();
    for id in &book.spine {
        let Some(name) = book.items.get(id).filter(|name| seen.insert(name.as_str())) else {
            continue;
        };
        if let Some(part) = archive.read(name)? {
            let chapter = html::extract(&decode::html(&part)?, limits)?;
            text.append(chapter, book.title.as_deref())?;
        }
    }
    Ok(text.finish(book.title))
}

/// The name of the package document (EPUB 3.3, 4.2.6.3.1).
fn package_name(
    archive: &mut Archive<'_>,
    limits: &ExtractLimits,
) -> Result<String, ExtractFailure> {
    let container = characters(archive.require("META-INF/container.xml")?)?;
    let mut reader = XmlReader::new(&container, limits);
    while let Some(tag) = reader.next_start()? {
        if tag.name() == "rootfile"
            && let Some(path) = tag.attr("full-path")
        {
            return Ok(resolve("", &path));
        }
    }
    Err(ExtractFailure::corrupt(
        "its container names no package document",
    ))
}

fn read_package(
    archive: &mut Archive<'_>,
    name: &str,
    limits: &ExtractLimits,
) -> Result<Book, ExtractFailure> {
    let package = characters(archive.require(name)?)?;
    let folder = parent(name);
    let mut book = Book::default();
    let mut reader = XmlReader::new(&package, limits);
    while let Some(tag) = reader.next_start()? {
        match tag.name() {
            "title" if book.title.is_none() => {
                let title = reader.text_of(&[], &[])?;
                book.title = (!title.is_empty()).then_some(title);
            }
            "item" => {
                let kind = tag.attr("media-type").unwrap_or_default();
                let is_page = kind.contains("html") || kind.contains("dtbook");
                if let (true, Some(id), Some(href)) = (is_page, tag.attr("id"), tag.attr("href")) {
                    book.items.insert(id, resolve(folder, &href));
                }
            }
            "itemref" => book.spine.extend(tag.attr("idref")),
            _ => {}
        }
    }
    Ok(book)
}

fn refuse_encrypted(
    archive: &mut Archive<'_>,
    book: &Book,
    limits: &ExtractLimits,
) -> Result<(), ExtractFailure> {
    let Some(part) = archive.read("META-INF/encryption.xml")? else {
        return Ok(());
    };
    let part = characters(part)?;
    let chapters: HashSet<&str> = book.items.values().map(String::as_str).collect();
    let mut reader = XmlReader::new(&part, limits);
    let mut hides_fonts = false;
    while let Some(tag) = reader.next_start()? {
        match tag.name() {
            "EncryptedData" => hides_fonts = false,
            "EncryptionMethod" => {
                let algorithm = tag.attr("Algorithm").unwrap_or_default();
                hides_fonts = FONT_ALGORITHMS.contains(&algorithm.as_str());
            }
            "CipherReference" if !hides_fonts => {
                let target = resolve("", &tag.attr("URI").unwrap_or_default());
                if chapters.contains(target.as_str()) {
                    return Err(ExtractFailure::encrypted("its chapters are encrypted"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The text of the chapters so far.
struct BookText<'a> {
    out: TextBuilder<'a>,
    sections: Vec<Section>,
}

impl<'a> BookText<'a> {
    fn new(limits: &'a ExtractLimits) -> Self {
        Self {
            out: TextBuilder::new(limits),
            sections: Vec::new(),
        }
    }

    fn append(&mut self, chapter: Extracted, book: Option<&str>) -> Result<(), ExtractFailure> {
        if chapter.text.trim().is_empty() {
            return Ok(());
        }
        if !self.out.as_str().is_empty() {
            self.out.push("\n\n")?;
        }
        let start = self.out.chars();
        let named = chapter.title.filter(|title| Some(title.as_str()) != book);
        if let (true, Some(title)) = (chapter.sections.is_empty(), named) {
            self.sections.push(Section {
                char_start: start,
                level: 1,
                title,
            });
        }
        for mut section in chapter.sections {
            section.char_start += start;
            self.sections.push(section);
        }
        self.out.push(&chapter.text)
    }

    fn finish(self, title: Option<String>) -> Extracted {
        Extracted {
            title,
            text: self.out.finish(),
            sections: self.sections,
            ..Extracted::default()
        }
    }
}
