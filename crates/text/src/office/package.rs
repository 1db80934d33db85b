//! The container of an office document: which part is the document, the relationships between
//! parts, and the document's title.

use super::super::archive::{Archive, parent, resolve};
use super::super::xml::{Tag, XmlReader, characters};
use super::super::{ExtractFailure, ExtractLimits};
use std::collections::HashMap;

/// A document's container.
pub(super) struct Package<'a> {
    pub(super) archive: Archive<'a>,
    pub(super) limits: &'a ExtractLimits,
    /// The name of the part that is the document itself.
    pub(super) main: String,
}

/// A relationship of a part with another one.
pub(super) struct Relation {
    /// The last segment of its type, such as `slide` or `footnotes`.
    pub(super) kind: String,
    /// The name of the other part.
    pub(super) target: String,
}

impl<'a> Package<'a> {
    /// Opens a container whose main part must be of the media type family `family`, such as
    /// `wordprocessingml`.
    ///
    /// # Errors
    /// Those of [`Archive::open`], and `content_mismatch` for a container of another kind.
    pub(super) fn open(
        bytes: &'a [u8],
        family: &str,
        limits: &'a ExtractLimits,
    ) -> Result<Self, ExtractFailure> {
        let mut archive = Archive::open(bytes, limits)?;
        if !archive.contains(TYPES) {
            return Err(ExtractFailure::content_mismatch(
                "its bytes are a ZIP archive, but no office document",
            ));
        }
        let relations = relations_of(&mut archive, "", limits)?;
        let main = relations
            .into_values()
            .find(|relation| relation.kind == "officeDocument")
            .map(|relation| relation.target)
            .ok_or_else(|| {
                ExtractFailure::content_mismatch("it is an office document without a main part")
            })?;
        let found = content_type(&mut archive, &main, limits)?;
        if !found.contains(family) {
            return Err(ExtractFailure::content_mismatch(format!(
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

    /// The characters of a part; `None` if it does not exist.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, ExtractFailure> {
        self.archive.read(name)?.map(characters).transpose()
    }

    /// The relationships of the part `name`, by id.
    pub(super) fn relations(
        &mut self,
        name: &str,
    ) -> Result<HashMap<String, Relation>, ExtractFailure> {
        relations_of(&mut self.archive, name, self.limits)
    }

    /// The first part of the kind `kind` that the part `of` refers to.
    pub(super) fn related(
        &mut self,
        of: &str,
        kind: &str,
    ) -> Result<Option<String>, ExtractFailure> {
        let relations = self.relations(of)?;
        let target = relations.into_values().find(|one| one.kind == kind);
        match target {
            Some(relation) => self.part(&relation.target),
            None => Ok(None),
        }
    }

    /// The title in the document's properties, unless a program generated it.
    pub(super) fn title(&mut self) -> Result<Option<String>, ExtractFailure> {
        let Some(core) = self.related("", "core-properties")? else {
            return Ok(None);
        };
        let mut reader = XmlReader::new(&core, self.limits);
        while let Some(tag) = reader.next_start()? {
            if tag.name() == "title" {
                let title = reader.text_of(&[], &[])?;
                let is_generated = GENERATED_TITLES
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case(&title));
                return Ok((!title.is_empty() && !is_generated).then_some(title));
            }
        }
        Ok(None)
    }
}

const TYPES: &str = "[Content_Types].xml";

const GENERATED_TITLES: [&str; 5] = [
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
    while let Some(tag) = reader.next_start()? {
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
    while let Some(tag) = reader.next_start()? {
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

/// The description of a picture by its author; programs put a file name there, which is ignored.
pub(super) fn described(tag: &Tag<'_>) -> Option<String> {
    tag.attr("descr")
        .filter(|text| text.trim().contains(char::is_whitespace))
}
