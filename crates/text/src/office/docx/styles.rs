//! The roles of the paragraph styles of a document: headings, lists, its title, its table of
//! contents.

use super::super::super::xml::{Node, Tag, XmlReader};
use super::super::super::{ExtractFailure, ExtractLimits};
use std::collections::HashMap;

/// The role of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// Running text.
    #[default]
    Text,
    /// A heading; 1 is the outermost level.
    Heading(u8),
    /// The document's title.
    Title,
    /// A line of the table of contents.
    Contents,
}

/// A style as the document defines it.
#[derive(Default)]
struct Style {
    role: Option<Role>,
    is_item: bool,
    based_on: Option<String>,
}

/// The styles of a document by their ids.
#[derive(Default)]
pub(super) struct Styles(HashMap<String, Style>);

/// Longer chains of styles are assumed to be circular.
const LONGEST_CHAIN: usize = 20;

impl Styles {
    pub(super) fn read(part: &str, limits: &ExtractLimits) -> Result<Self, ExtractFailure> {
        let mut styles = HashMap::new();
        let mut reader = XmlReader::new(part, limits);
        while let Some(tag) = reader.next_start()? {
            if tag.name() == "style"
                && let Some(id) = tag.attr("styleId")
            {
                styles.insert(id, read_style(&mut reader)?);
            }
        }
        Ok(Self(styles))
    }

    /// The role of a paragraph of the style `id`.
    pub(super) fn role(&self, id: &str) -> Role {
        let found = self.chain(id).find_map(|style| style.role);
        found.unwrap_or_default()
    }

    /// Whether a paragraph of the style `id` is an item of a list.
    pub(super) fn is_item(&self, id: &str) -> bool {
        self.chain(id).any(|style| style.is_item)
    }

    /// The style and those that it is based on.
    fn chain<'s>(&'s self, id: &str) -> impl Iterator<Item = &'s Style> {
        let based_on = |style: &&'s Style| self.0.get(style.based_on.as_deref()?);
        std::iter::successors(self.0.get(id), based_on).take(LONGEST_CHAIN)
    }
}

/// Reads the style whose start tag was the last node.
fn read_style(reader: &mut XmlReader<'_>) -> Result<Style, ExtractFailure> {
    let mut style = Style::default();
    while let Some(node) = reader.next()? {
        match node {
            Node::Start(tag) => match tag.name() {
                "name" => style.role = named(&tag.attr("val").unwrap_or_default()).or(style.role),
                "basedOn" => style.based_on = tag.attr("val"),
                "numId" => style.is_item = is_list(&tag),
                "outlineLvl" => style.role = style.role.or(outline_level(&tag)),
                _ => {}
            },
            Node::End(tag) if tag.name() == "style" => break,
            _ => {}
        }
    }
    Ok(style)
}

/// Whether a `w:numId` names a list; 0 takes the paragraph out of one.
pub(super) fn is_list(tag: &Tag<'_>) -> bool {
    tag.attr("val").is_some_and(|id| id != "0")
}

/// The level in `w:outlineLvl`: 0 to 8 are headings, 9 is running text.
pub(super) fn outline_level(tag: &Tag<'_>) -> Option<Role> {
    match tag.attr("val")?.parse::<u8>().ok()? {
        level @ 0..=8 => Some(Role::Heading(level + 1)),
        _ => Some(Role::Text),
    }
}

/// The built-in styles have the same English names in every language.
fn named(name: &str) -> Option<Role> {
    let name = name.to_lowercase();
    if name == "title" {
        return Some(Role::Title);
    }
    if name.starts_with("toc ") || name == "table of figures" {
        return Some(Role::Contents);
    }
    let level = name.strip_prefix("heading ")?.parse::<u8>().ok()?;
    (1..=9).contains(&level).then_some(Role::Heading(level))
}
