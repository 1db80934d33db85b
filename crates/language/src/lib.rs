//! Pure text work without any model: answers made of the sources' own sentences, and the check
//! whether a passage supports what an answer says with its marker. Text in, text out: no I/O, no clock.
//!
//! - [`extractive`] answers: cuts sources into candidates, scores them, chooses.
//! - [`citation`] checks: reads claims and passages, compares them, judges.
//!
//! Both stand on three modules that know neither of them: `token` (text into words, words into
//! stems), `sentence` (where sentences end) and `lexicon` (the word lists in `data/`).

pub mod citation;
pub mod extractive;
mod lexicon;
mod sentence;
mod token;
