//! Word lists of English and their look-ups. The lists are the files in `data/`, each with its format
//! in its head; they are compiled in and read once, at the first look-up. It judges no text.

mod abbreviations;
mod antonyms;
mod asking;
mod list;
mod negation;
mod numbers;
mod sets;
mod synonyms;

pub(crate) use abbreviations::abbreviation;
pub(crate) use antonyms::{direction, is_prefixed_opposite};
pub(crate) use asking::without_asking;
pub(crate) use list::named_words;
pub(crate) use negation::negation;
pub(crate) use numbers::{Dimension, Unit, multiplier, number, unit};
pub(crate) use sets::{is_defining, is_generic, is_stop_word};
pub(crate) use synonyms::groups;
