//! Presentations: one page and one section for each slide that is shown, in the order of the show:
//! its title, its text, tables and diagrams, then its notes and comments. Hidden slides are left
//! out, but count for the page numbers.

mod shapes;

use super::super::writer::{Break, Writer};
use super::super::xml::XmlReader;
use super::super::{ExtractFailure, ExtractLimits, Extracted};
use super::package::Package;
use shapes::{Line, Slide};

/// Reads the text of a presentation.
///
/// # Errors
/// Those of the container and of its XML; `too_large` for more slides than pages are allowed.
pub(in super::super) fn extract(
    bytes: &[u8],
    limits: &ExtractLimits,
) -> Result<Extracted, ExtractFailure> {
    let mut package = Package::open(bytes, "presentationml", limits)?;
    let names = slide_names(&mut package)?;
    if names.len() > limits.pages {
        return Err(ExtractFailure::too_large(format!(
            "it has {} slides; {} are allowed",
            names.len(),
            limits.pages
        )));
    }
    let mut writer = Writer::new(limits);
    for (name, number) in names.iter().zip(1_u32..) {
        write_slide(&mut package, &mut writer, name, number)?;
    }
    let title = package.title()?;
    let mut extracted = writer.finish()?;
    extracted.title = title.or_else(|| extracted.first_heading());
    Ok(extracted)
}

/// The parts of the slides in the order of the show; each once.
fn slide_names(package: &mut Package<'_>) -> Result<Vec<String>, ExtractFailure> {
    let main = package.main.clone();
    let mut relations = package.relations(&main)?;
    let show = package.part(&main)?.unwrap_or_default();
    let mut reader = XmlReader::new(&show, package.limits);
    let mut names = Vec::new();
    while let Some(tag) = reader.next_start()? {
        if tag.name() == "sldId"
            && let Some(slide) = tag.relation("id").and_then(|id| relations.remove(&id))
        {
            names.push(slide.target);
        }
    }
    Ok(names)
}

fn write_slide(
    package: &mut Package<'_>,
    writer: &mut Writer<'_>,
    name: &str,
    number: u32,
) -> Result<(), ExtractFailure> {
    let Some(part) = package.part(name)? else {
        return Ok(());
    };
    let slide = Slide::read(&part, package.limits)?;
    if slide.hidden {
        return Ok(());
    }
    writer.begin_page(number);
    if slide.title.is_empty() {
        writer.unwritten_section(1, format!("Slide {number}"));
    } else {
        writer.heading(1, &slide.title)?;
    }
    write_lines(writer, &slide.lines)?;
    write_asides(package, writer, name)?;
    writer.end_page();
    Ok(())
}

/// Writes diagrams, notes and comments: separate parts that the slide refers to.
fn write_asides(
    package: &mut Package<'_>,
    writer: &mut Writer<'_>,
    slide: &str,
) -> Result<(), ExtractFailure> {
    let mut relations: Vec<_> = package.relations(slide)?.into_values().collect();
    relations.sort_by(|a, b| a.target.cmp(&b.target));
    for relation in relations {
        let read = matches!(
            relation.kind.as_str(),
            "notesSlide" | "comments" | "diagramData" | "chart"
        );
        if !read {
            continue;
        }
        let Some(part) = package.part(&relation.target)? else {
            continue;
        };
        match relation.kind.as_str() {
            "notesSlide" => {
                let notes = Slide::read(&part, package.limits)?.plain();
                if !notes.is_empty() {
                    writer.paragraph(&format!("Notes: {notes}"))?;
                }
            }
            "comments" => {
                for comment in shapes::comments(&part, package.limits)? {
                    writer.paragraph(&format!("Comment: {comment}"))?;
                }
            }
            _ => {
                let words = shapes::words(&part, package.limits)?;
                writer.paragraph(&words)?;
            }
        }
    }
    Ok(())
}

fn write_lines(writer: &mut Writer<'_>, lines: &[Line]) -> Result<(), ExtractFailure> {
    for line in lines {
        match line {
            Line::Shape => writer.break_before(Break::Paragraph),
            Line::Paragraph(text) => {
                writer.break_before(Break::Line);
                writer.text(text)?;
            }
            Line::Table => writer.begin_table()?,
            Line::Row(cells) => {
                writer.begin_row()?;
                for cell in cells {
                    writer.begin_cell();
                    writer.span_cell(cell.columns, 1);
                    if cell.continues {
                        writer.continue_cell_above();
                    }
                    writer.text(&cell.text)?;
                }
            }
            Line::EndTable => writer.end_table()?,
        }
    }
    writer.break_before(Break::Paragraph);
    Ok(())
}
