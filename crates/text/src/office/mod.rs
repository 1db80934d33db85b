//! Office Open XML (ECMA-376). Each kind of document has its own file; [`package`] reads what they
//! have in common.

mod docx;
mod package;
mod pptx;
mod xlsx;

pub(super) use docx::extract as docx;
pub(super) use pptx::extract as pptx;
pub(super) use xlsx::extract as xlsx;
