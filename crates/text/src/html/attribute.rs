//! Attributes of tags.

use html5gum::StartTag;

/// The value of an attribute.
pub(super) fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    let (_, value) = tag.attributes.iter().find(|(key, _)| ***key == *name)?;
    Some(String::from_utf8_lossy(&value.value).into_owned())
}
