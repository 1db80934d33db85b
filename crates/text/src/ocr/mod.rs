//! OCR: pages and pictures without text are read by the program `tesseract`, if it is installed.
//! The picture of a PDF's page is drawn by the limited child and goes through a pipe into a process
//! that limits itself before it becomes `tesseract`; the parent process sees only the recognised
//! text. No file name from a user is ever an argument.

mod confined;
mod find;
mod merge;
mod recognise;
mod settings;
mod words;

pub use confined::run_recogniser;
pub use find::{Ocr, OcrReader};
pub(super) use merge::merge;
pub use settings::{OcrChoice, OcrSettings};
