//! The outline (bookmarks) and the title in the metadata of a PDF. Both are untrusted: every walk
//! records what it has visited and stops at a limit.

use encoding_rs::{UTF_16BE, WINDOWS_1252};
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{
    Array, Dict, MaybeRef, Object, ObjectIdentifier, String as PdfString,
};
use std::collections::{HashMap, HashSet};

/// More entries than any table of contents has.
const MAX_ENTRIES: usize = 20_000;
const MAX_LEVEL: u8 = 6;

/// An entry of the outline that refers to a page of the document.
pub(super) struct Entry {
    pub(super) level: u8,
    pub(super) title: String,
    /// From 0.
    pub(super) page: usize,
}

/// The outline in reading order; empty without one.
pub(super) fn read(pdf: &Pdf) -> Vec<Entry> {
    let Some(catalog) = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()) else {
        return Vec::new();
    };
    let Some(outlines) = catalog.get::<Dict<'_>>("Outlines") else {
        return Vec::new();
    };
    let targets = Targets::new(pdf, &catalog);
    let mut entries = Vec::new();
    let mut visited: HashSet<ObjectIdentifier> = HashSet::new();
    // Each open level's next item.
    let mut open: Vec<Option<Dict<'_>>> = vec![outlines.get("First")];
    while let Some(level) = open.last_mut() {
        let Some(item) = level.take() else {
            open.pop();
            continue;
        };
        let is_new = item.obj_id().is_none_or(|id| visited.insert(id));
        if !is_new || entries.len() >= MAX_ENTRIES || visited.len() > 2 * MAX_ENTRIES {
            open.pop();
            continue;
        }
        *level = item.get("Next");
        let depth = u8::try_from(open.len()).unwrap_or(MAX_LEVEL);
        if let (Some(title), Some(page)) = (item.get::<PdfString<'_>>("Title"), targets.of(&item)) {
            entries.push(Entry {
                level: depth.min(MAX_LEVEL),
                title: decode(&title),
                page,
            });
        }
        if depth < MAX_LEVEL {
            open.push(item.get("First"));
        }
    }
    entries.retain(|entry| !entry.title.is_empty());
    entries
}

/// Titles that programs write when they are given none, in lower case.
const GENERATED_TITLES: [&str; 6] = [
    "untitled",
    "untitled document",
    "(anonymous)",
    "(unspecified)",
    "powerpoint presentation",
    "word document",
];

/// The title in the document's information, unless a program generated it.
pub(super) fn title(pdf: &Pdf) -> Option<String> {
    let title = decode(pdf.metadata().title.as_deref()?);
    let title = title.strip_prefix("Microsoft Word - ").unwrap_or(&title);
    let lower = title.to_lowercase();
    let is_file = [
        ".doc", ".docx", ".tex", ".dvi", ".ps", ".indd", ".qxd", ".pdf",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending));
    let is_generated = GENERATED_TITLES.contains(&lower.as_str());
    (!title.is_empty() && !is_file && !is_generated).then(|| title.to_owned())
}

/// The pages of destinations.
struct Targets<'a> {
    pages: HashMap<ObjectIdentifier, usize>,
    named: HashMap<Vec<u8>, Object<'a>>,
}

impl<'a> Targets<'a> {
    fn new(pdf: &'a Pdf, catalog: &Dict<'a>) -> Self {
        let pages = pdf
            .pages()
            .iter()
            .enumerate()
            .filter_map(|(at, page)| Some((page.raw().obj_id()?, at)))
            .collect();
        let mut named = HashMap::new();
        if let Some(dests) = catalog.get::<Dict<'a>>("Dests") {
            for name in dests.keys().take(MAX_ENTRIES) {
                if let Some(target) = dests.get::<Object<'a>>(&*name) {
                    named.insert(name.to_vec(), target);
                }
            }
        }
        let tree = catalog
            .get::<Dict<'a>>("Names")
            .and_then(|names| names.get::<Dict<'a>>("Dests"));
        if let Some(root) = tree {
            read_names(root, &mut named);
        }
        Self { pages, named }
    }

    fn of(&self, item: &Dict<'a>) -> Option<usize> {
        let target = item
            .get::<Object<'a>>("Dest")
            .or_else(|| item.get::<Dict<'a>>("A")?.get::<Object<'a>>("D"))?;
        let target = match &target {
            Object::String(name) => self.named.get(name.as_bytes())?.clone(),
            Object::Name(name) => self.named.get(&**name)?.clone(),
            _ => target,
        };
        let place = match target {
            Object::Array(place) => place,
            Object::Dict(dict) => dict.get::<Array<'a>>("D")?,
            _ => return None,
        };
        match place.raw_iter().next()? {
            MaybeRef::Ref(page) => self.pages.get(&page.into()).copied(),
            // Some old programs write the index of the page.
            MaybeRef::NotRef(Object::Number(page)) => usize::try_from(page.as_i64()).ok(),
            MaybeRef::NotRef(_) => None,
        }
    }
}

/// Reads a name tree (ISO 32000-1, 7.9.6).
fn read_names<'a>(root: Dict<'a>, named: &mut HashMap<Vec<u8>, Object<'a>>) {
    let mut visited: HashSet<ObjectIdentifier> = HashSet::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let is_new = node.obj_id().is_none_or(|id| visited.insert(id));
        if !is_new || named.len() > 5 * MAX_ENTRIES || open.len() > 5 * MAX_ENTRIES {
            continue;
        }
        if let Some(pairs) = node.get::<Array<'a>>("Names") {
            let mut pairs = pairs.iter::<Object<'a>>();
            while let (Some(Object::String(name)), Some(target)) = (pairs.next(), pairs.next()) {
                named.insert(name.to_vec(), target);
            }
        }
        if let Some(kids) = node.get::<Array<'a>>("Kids") {
            open.extend(kids.iter::<Dict<'a>>());
        }
    }
}

/// Reads a text string: UTF-16 or UTF-8 by its mark, else one byte a character (PDFDocEncoding,
/// which is Windows-1252 but for rare signs).
pub(super) fn decode(bytes: &[u8]) -> String {
    let text = if let Some(wide) = bytes.strip_prefix(b"\xfe\xff") {
        UTF_16BE.decode_without_bom_handling(wide).0
    } else if let Ok(text) =
        std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
    {
        text.into()
    } else {
        WINDOWS_1252.decode_without_bom_handling(bytes).0
    };
    let visible: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}
