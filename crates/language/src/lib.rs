//! Pure text work without any model: answers made of the sources' own sentences, and the check
//! whether a passage supports what an answer says with its marker. Text in, text out: no I/O, no clock.
//!
//! - [`extractive`] answers: cuts sources into candidates, scores them, chooses.
//! - [`citation`] checks: reads claims and passages, compares them, judges.
//! - [`standalone`] puts into a question what it leaves to the turns before it.
//!
//! They stand on three modules that know none of them: `token` (text into words, words into
//! stems), `sentence` (where sentences end) and `lexicon` (the word lists in `data/`).

pub mod citation;
pub mod extractive;
mod lexicon;
mod sentence;
pub mod standalone;
mod token;
