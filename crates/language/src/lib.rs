//! Pure text work without any model: answers made of the sources' own sentences, and the check
//! whether a passage supports what an answer says with its marker. Text in, text out: no I/O, no clock.

pub mod citation;
pub mod extractive;
