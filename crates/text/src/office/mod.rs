//! Office Open XML (ECMA-376): which part of a container is the document, what its parts refer to,
//! and what it calls itself. Each kind of document has its own file.

mod docx;
mod pptx;
mod xlsx;

pub(super) use docx::extract as docx;
pub(super) use pptx::extract as pptx;
pub(super) use xlsx::extract as xlsx;

use super::archive::{Archive, parent, resolve};
use super::xml::{Node, Tag, XmlReader, characters};
use super::{ExtractFailure, ExtractLimits, FailureCode};
use std::collections::HashMap;

/// A document's container.
struct Package<'a> {
    archive: Archive<'a>,
    limits: &'a ExtractLimits,
    /// The name of the part that is the document itself.
    main: String,
}

/// What a part refers to.
struct Relation {
    /// The last word of its type, such as `slide` or `footnotes`.
    kind: String,
    /// The part's name, or an address outside of the container.
    target: String,
}

impl<'a> Package<'a> {
    /// Opens a container whose main part must be of the media type family `family`, such as
    /// `wordprocessingml`.
    ///
    /// # Errors
    /// Those of [`Archive::open`], and `content_mismatch` for a container of another kind.
    fn open(
        bytes: &'a [u8],
        family: &str,
        limits: &'a ExtractLimits,
    ) -> Result<Self, ExtractFailure> {
        let mut archive = Archive::open(bytes, limits)?;
        if !archive.contains(TYPES) {
            return Err(mismatch(
                "its bytes are a ZIP archive, but no office document",
            ));
        }
        let relations = relations_of(&mut archive, "", limits)?;
        let main = relations
            .into_values()
            .find(|relation| relation.kind == "officeDocument")
            .map(|relation| relation.target)
            .ok_or_else(|| mismatch("it is an office document without a main part"))?;
        let found = content_type(&mut archive, &main, limits)?;
        if !found.contains(family) {
            return Err(mismatch(&format!(
                "its name says {family}, its main part is of type '{}'",
                found.chars().take(120).collect::<String>()
            )));
        }
        Ok(Self {
            archive,
            limits,
            main,
        })
    }

    /// The characters of a part; `None` where there is none.
    fn part(&mut self, name: &str) -> Result<Option<String>, ExtractFailure> {
        self.archive.read(name)?.map(characters).transpose()
    }

    /// What the part `name` refers to, by id.
    fn relations(&mut self, name: &str) -> Result<HashMap<String, Relation>, ExtractFailure> {
        relations_of(&mut self.archive, name, self.limits)
    }

    /// The first part of the kind `kind` that the part `of` refers to.
    fn related(&mut self, of: &str, kind: &str) -> Result<Option<String>, ExtractFailure> {
        let relations = self.relations(of)?;
        let target = relations.into_values().find(|one| one.kind == kind);
        match target {
            Some(relation) => self.part(&relation.target),
            None => Ok(None),
        }
    }

    /// The title in the document's properties, unless it is one that a program made up.
    fn title(&mut self) -> Result<Option<String>, ExtractFailure> {
        let Some(core) = self.related("", "core-properties")? else {
            return Ok(None);
        };
        let mut reader = XmlReader::new(&core, self.limits);
        while let Some(node) = reader.next()? {
            if let Node::Start(tag) = node
                && tag.name() == "title"
            {
                let title = reader.text_of(&[], &[])?;
                let made_up = MADE_UP_TITLES
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(&title));
                return Ok((!title.is_empty() && !made_up).then_some(title));
            }
        }
        Ok(None)
    }
}

const TYPES: &str = "[Content_Types].xml";

const MADE_UP_TITLES: [&str; 5] = [
    "Word Document",
    "PowerPoint Presentation",
    "Untitled",
    "Document",
    "Presentation",
];

/// The media type of a part (ECMA-376 part 2, 10.1.2).
fn content_type(
    archive: &mut Archive<'_>,
    part: &str,
    limits: &ExtractLimits,
) -> Result<String, ExtractFailure> {
    let types = characters(archive.require(TYPES)?)?;
    let extension = part.rsplit_once('.').map_or("", |(_, after)| after);
    let mut by_extension = String::new();
    let mut reader = XmlReader::new(&types, limits);
    while let Some(node) = reader.next()? {
        let Node::Start(tag) = node else { continue };
        let declared = || tag.attr("ContentType").unwrap_or_default();
        match tag.name() {
            "Override" => {
                let name = tag.attr("PartName").unwrap_or_default();
                if resolve("", &name).eq_ignore_ascii_case(part) {
                    return Ok(declared());
                }
            }
            "Default" => {
                let of = tag.attr("Extension").unwrap_or_default();
                if of.eq_ignore_ascii_case(extension) {
                    by_extension = declared();
                }
            }
            _ => {}
        }
    }
    Ok(by_extension)
}

/// The relationships of a part, or of the package for an empty name (ECMA-376 part 2, 9.3).
fn relations_of(
    archive: &mut Archive<'_>,
    part: &str,
    limits: &ExtractLimits,
) -> Result<HashMap<String, Relation>, ExtractFailure> {
    let folder = parent(part);
    let file = part.rsplit_once('/').map_or(part, |(_, file)| file);
    let name = resolve("", &format!("{folder}/_rels/{file}.rels"));
    let Some(bytes) = archive.read(&name)? else {
        return Ok(HashMap::new());
    };
    let text = characters(bytes)?;
    let mut relations = HashMap::new();
    let mut reader = XmlReader::new(&text, limits);
    while let Some(node) = reader.next()? {
        let Node::Start(tag) = node else { continue };
        if tag.name() != "Relationship" || tag.attr("TargetMode").as_deref() == Some("External") {
            continue;
        }
        let (Some(id), Some(kind), Some(target)) =
            (tag.attr("Id"), tag.attr("Type"), tag.attr("Target"))
        else {
            continue;
        };
        let relation = Relation {
            kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
            target: resolve(folder, &target),
        };
        relations.insert(id, relation);
    }
    Ok(relations)
}

/// What a picture shows, where its author has said it; programs put the name of its file there.
fn described(tag: &Tag<'_>) -> Option<String> {
    tag.attr("descr")
        .filter(|text| text.trim().contains(char::is_whitespace))
}

fn mismatch(message: &str) -> ExtractFailure {
    ExtractFailure::new(FailureCode::ContentMismatch, message)
}
