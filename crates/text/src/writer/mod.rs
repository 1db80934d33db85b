//! Writes running text with the breaks that a document's structure requires: white space is
//! collapsed, paragraphs are separated by a blank line and cells by ` | `, the offsets of headings
//! and pages are recorded, and notes and comments are written after the paragraph or table that
//! they belong to. Tables are written by [`crate::table`].

mod breaks;
mod capture;
mod tables;
mod text;

pub(super) use breaks::Break;
pub(super) use text::Writer;
