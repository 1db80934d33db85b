//! The only reader of XML in containers. Names are local names, because documents choose their
//! prefixes freely. A DOCTYPE is skipped, one with declarations is refused, and only the five
//! predefined entities are replaced; depth, attributes and events are limited.

use super::{ExtractFailure, ExtractLimits, decode};
use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::borrow::Cow;

/// A node of the document.
pub(super) enum Node<'a> {
    /// An element begins; an empty one begins and ends.
    Start(Tag<'a>),
    /// The innermost element ends.
    End(EndTag<'a>),
    /// Text, with its references replaced.
    Text(Cow<'a, str>),
}

/// A start tag.
pub(super) struct Tag<'a>(BytesStart<'a>);

/// An end tag.
pub(super) struct EndTag<'a>(BytesEnd<'a>);

impl Tag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of the attribute with the full name `name`, else of the first with this local
    /// name.
    pub(super) fn attr(&self, name: &str) -> Option<String> {
        self.find(|key| key == name)
            .or_else(|| self.find(|key| local(key) == name))
    }

    /// The value of a prefixed attribute, such as `r:id`, the id of a relationship, whatever its
    /// prefix.
    pub(super) fn relation(&self, name: &str) -> Option<String> {
        self.find(|key| key != name && local(key) == name)
    }

    fn find(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| wanted(attribute.key.into_inner()))
            .and_then(|attribute| {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
                Some(value.into_owned())
            })
    }
}

impl EndTag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

fn local(key: &str) -> &str {
    key.rsplit_once(':').map_or(key, |(_, local)| local)
}

/// The characters of a part: UTF-8, or the encoding of its byte order mark or declaration.
///
/// # Errors
/// `invalid_encoding`.
pub(super) fn characters(part: Vec<u8>) -> Result<String, ExtractFailure> {
    match String::from_utf8(part) {
        Ok(text) => Ok(text),
        Err(error) => decode::html(error.as_bytes()),
    }
}

/// Reads a part node by node.
pub(super) struct XmlReader<'a> {
    reader: Reader<&'a [u8]>,
    limits: &'a ExtractLimits,
    depth: usize,
    events: u64,
}

impl<'a> XmlReader<'a> {
    pub(super) fn new(text: &'a str, limits: &'a ExtractLimits) -> Self {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            limits,
            depth: 0,
            events: 0,
        }
    }

    /// The next node; `None` at the end of the document.
    ///
    /// # Errors
    /// `corrupt` if it is not well-formed, refers to an unknown entity or declares one; `too_deep`
    /// and `too_large` by the limits.
    pub(super) fn next(&mut self) -> Result<Option<Node<'a>>, ExtractFailure> {
        loop {
            self.count_event()?;
            let event = self.reader.read_event().map_err(|error| {
                ExtractFailure::corrupt(format!(
                    "its XML is broken at byte {}: {error}",
                    self.reader.error_position()
                ))
            })?;
            match event {
                Event::Start(tag) => return self.start(tag).map(Some),
                Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::End(tag) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Node::End(EndTag(tag))));
                }
                Event::Text(text) => return Ok(Some(Node::Text(text.xml10_content()))),
                Event::CData(text) => return Ok(Some(Node::Text(text.xml10_content()))),
                Event::GeneralRef(name) => return reference(&name).map(Some),
                Event::DocType(declared) if declared.contains('[') => {
                    return Err(ExtractFailure::corrupt(
                        "its XML declares a document type of its own, which is not allowed",
                    ));
                }
                Event::DocType(_) => {}
                Event::Eof if self.depth > 0 => {
                    return Err(ExtractFailure::corrupt(format!(
                        "its XML ends while {} elements are open",
                        self.depth
                    )));
                }
                Event::Eof => return Ok(None),
            }
        }
    }

    /// The next start tag; `None` at the end of the document.
    ///
    /// # Errors
    /// As for [`XmlReader::next`].
    pub(super) fn next_start(&mut self) -> Result<Option<Tag<'a>>, ExtractFailure> {
        while let Some(node) = self.next()? {
            if let Node::Start(tag) = node {
                return Ok(Some(tag));
            }
        }
        Ok(None)
    }

    /// Skips the rest of the element that began last.
    ///
    /// # Errors
    /// As for [`XmlReader::next`].
    pub(super) fn skip(&mut self) -> Result<(), ExtractFailure> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if self.next()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// The text of the element that began last, with a space for each element of `breaks`, and
    /// without the elements of `hidden`.
    ///
    /// # Errors
    /// As for [`XmlReader::next`].
    pub(super) fn text_of(
        &mut self,
        breaks: &[&str],
        hidden: &[&str],
    ) -> Result<String, ExtractFailure> {
        let outside = self.depth.saturating_sub(1);
        let mut text = String::new();
        while self.depth > outside {
            match self.next()? {
                Some(Node::Start(tag)) if hidden.contains(&tag.name()) => self.skip()?,
                Some(Node::Start(tag)) if breaks.contains(&tag.name()) => text.push(' '),
                Some(Node::Text(more)) => text.push_str(&more),
                Some(_) => {}
                None => break,
            }
        }
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The text of the element that began last, with its white space unchanged.
    ///
    /// # Errors
    /// As for [`XmlReader::next`].
    pub(super) fn text_with_space(&mut self) -> Result<String, ExtractFailure> {
        let outside = self.depth.saturating_sub(1);
        let mut text = String::new();
        while self.depth > outside {
            match self.next()? {
                Some(Node::Text(more)) => text.push_str(&more),
                Some(_) => {}
                None => break,
            }
        }
        Ok(text)
    }

    fn start(&mut self, tag: BytesStart<'a>) -> Result<Node<'a>, ExtractFailure> {
        self.depth += 1;
        if self.depth > self.limits.xml_depth {
            return Err(ExtractFailure::too_deep(format!(
                "more than {} XML elements are nested in each other",
                self.limits.xml_depth
            )));
        }
        let most = self.limits.xml_attributes;
        // The shortest attribute is ` a=""`; the iteration is linear without its check for
        // duplicates.
        let many = tag.attributes_raw().len() / 5 > most
            && tag.attributes().with_checks(false).nth(most).is_some();
        if many {
            return Err(ExtractFailure::too_large(format!(
                "an XML element has more than {most} attributes"
            )));
        }
        Ok(Node::Start(Tag(tag)))
    }

    fn count_event(&mut self) -> Result<(), ExtractFailure> {
        self.events += 1;
        if self.events > self.limits.xml_events {
            return Err(ExtractFailure::too_large(format!(
                "one of its XML parts has more than {} tags and texts",
                self.limits.xml_events
            )));
        }
        Ok(())
    }
}

/// A character reference, or a predefined entity.
fn reference<'a>(name: &quick_xml::events::BytesRef<'a>) -> Result<Node<'a>, ExtractFailure> {
    let known = quick_xml::escape::resolve_xml_entity(name);
    if let Some(text) = known {
        return Ok(Node::Text(Cow::Borrowed(text)));
    }
    match name.resolve_char_ref() {
        Ok(Some(c)) => Ok(Node::Text(Cow::Owned(c.to_string()))),
        Ok(None) | Err(_) => {
            let shown: String = name.chars().take(40).collect();
            Err(ExtractFailure::corrupt(format!(
                "its XML refers to the unknown entity '{shown}'"
            )))
        }
    }
}
