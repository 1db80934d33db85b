//! The child's side of an extraction, run by the hidden command `ragd extract`: limits its own
//! resources, reads the document from standard input, parses it on a thread whose panics it
//! catches, and writes the answer as JSON to standard output. It opens no file and no connection.

use super::rlimits::ResourceLimits;
use super::{
    ExtractFailure, ExtractLimits, Extracted, FailureCode, Format, decode, delimited, email, epub,
    front_matter, html, json, markdown, odf, office, pdf, picture, pipe_tables, rtf,
};
use serde::{Deserialize, Serialize};
use std::io::{BufWriter, Read, Write};
use std::process::ExitCode;

/// The request to the child: its only argument, as JSON.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct ChildRequest {
    pub(super) format: Format,
    pub(super) limits: ExtractLimits,
    pub(super) task: Task,
}

/// What to do with the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// Extract its text; a document that only OCR can read is a failure.
    Text,
    /// Extract its text, and list the pages that only OCR can read: pictures of at most `pixels`.
    TextBesidePictures { pixels: u64 },
    /// Draw one of its pages, with at most `pixels`, as a bitmap.
    Raster { page: u32, pixels: u64 },
}

impl ChildRequest {
    pub(super) fn to_argument(self) -> serde_json::Result<String> {
        serde_json::to_string(&self)
    }
}

/// Enough for the parsers' own nesting limits; added to the memory limit.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Runs `ragd extract ARGUMENT`; call it before any thread or runtime is started. The answer is
/// `{"Ok": …}` or `{"Err": {code, message}}` on standard output; the exit code is a failure only if
/// there is no answer. A drawn page is written as it is, and its failure to standard error.
pub fn run_child(argument: &str) -> ExitCode {
    let Ok(request) = serde_json::from_str::<ChildRequest>(argument) else {
        return ExitCode::from(2);
    };
    if confine(&request.limits).is_err() {
        return ExitCode::from(3);
    }
    // A panic of a parser becomes an answer and must not be printed.
    std::panic::set_hook(Box::new(|_| {}));
    let parsed = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || read_and_parse(request));
    let answer = match parsed.map(std::thread::JoinHandle::join) {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err(ExtractFailure::corrupt(
            "it violates its format in a way that crashes its parser",
        )),
        Err(_) => return ExitCode::from(4),
    };
    if matches!(request.task, Task::Raster { .. }) {
        return exit_after_drawing(&answer);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    match serde_json::to_writer(&mut out, &answer).map(|()| out.flush()) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::from(5),
    }
}

/// The exit code of a process that drew a page. The page is already written unless drawing failed.
fn exit_after_drawing(answer: &Result<Extracted, ExtractFailure>) -> ExitCode {
    let Err(failure) = answer else {
        return ExitCode::SUCCESS;
    };
    // The exit code says that drawing failed, whether the reason can be written or not.
    let _ignored = serde_json::to_writer(std::io::stderr().lock(), failure);
    ExitCode::from(6)
}

/// Limits what this process may use to what a parser needs.
fn confine(limits: &ExtractLimits) -> rustix::io::Result<()> {
    ResourceLimits {
        memory_bytes: limits.memory_bytes + address_space_bytes() + STACK_BYTES as u64,
        cpu_seconds: limits.cpu_seconds,
        file_bytes: 0,
        open_files: 8,
    }
    .apply()
}

/// The address space of the program itself, which is added to the limit.
fn address_space_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))
        .and_then(|value| value.trim().strip_suffix("kB"))
        .and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok())
        .map_or(1 << 30, |kilobytes| kilobytes * 1024)
}

fn read_and_parse(request: ChildRequest) -> Result<Extracted, ExtractFailure> {
    let limits = &request.limits;
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(limits.file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            ExtractFailure::new(
                FailureCode::Unavailable,
                format!("the file could not be read: {error}"),
            )
        })?;
    if bytes.len() as u64 > limits.file_bytes {
        return Err(ExtractFailure::too_large(format!(
            "the file has more than {} bytes",
            limits.file_bytes
        )));
    }
    parse(&request, bytes)
}

fn parse(request: &ChildRequest, bytes: Vec<u8>) -> Result<Extracted, ExtractFailure> {
    let (format, limits) = (request.format, &request.limits);
    format.check(&bytes)?;
    if let Task::Raster { page, pixels } = request.task {
        let mut out = BufWriter::new(std::io::stdout().lock());
        return pdf::draw(bytes, page, pixels, &mut out).map(|()| Extracted::default());
    }
    let pixels_for_ocr = match request.task {
        Task::TextBesidePictures { pixels } => Some(pixels),
        Task::Text | Task::Raster { .. } => None,
    };
    let mut extracted = read(format, bytes, limits, pixels_for_ocr)?;
    format
        .content_type()
        .clone_into(&mut extracted.content_type);
    remove_nuls(&mut extracted);
    if extracted.text.trim().is_empty() && extracted.unread.is_empty() {
        return Err(ExtractFailure::new(
            FailureCode::Empty,
            "there is no text in it",
        ));
    }
    if extracted.text.chars().count() > limits.text_chars {
        return Err(limits.text_too_long());
    }
    Ok(extracted)
}

fn read(
    format: Format,
    bytes: Vec<u8>,
    limits: &ExtractLimits,
    pixels_for_ocr: Option<u64>,
) -> Result<Extracted, ExtractFailure> {
    match format {
        Format::Text | Format::Source => Ok(plain_text(decode::plain(&bytes)?)),
        Format::Markdown => markdown_text(&decode::plain(&bytes)?, limits),
        Format::Html => html::extract(&decode::html(&bytes)?, limits),
        Format::Pdf => pdf::extract(bytes, limits, pixels_for_ocr.is_some()),
        Format::Picture(kind) => picture::extract(kind, &bytes, pixels_for_ocr),
        Format::Docx => office::docx(&bytes, limits),
        Format::Pptx => office::pptx(&bytes, limits),
        Format::Xlsx => office::xlsx(&bytes, limits),
        Format::Odt => odf::extract(&bytes, odf::Kind::Text, limits),
        Format::Odp => odf::extract(&bytes, odf::Kind::Presentation, limits),
        Format::Ods => odf::extract(&bytes, odf::Kind::Spreadsheet, limits),
        Format::Epub => epub::extract(&bytes, limits),
        Format::Rtf => rtf::extract(&bytes, limits),
        Format::Csv => delimited::extract(&decode::plain(&bytes)?, None, limits),
        Format::Tsv => delimited::extract(&decode::plain(&bytes)?, Some(b'\t'), limits),
        Format::Json => json::extract(&decode::plain(&bytes)?, limits),
        Format::JsonLines => json::extract_lines(&decode::plain(&bytes)?, limits),
        Format::Email => email::extract(&bytes, limits),
    }
}

/// Replaces NUL characters, which databases do not store, by spaces, which keeps all offsets.
fn remove_nuls(extracted: &mut Extracted) {
    let sections = extracted.sections.iter_mut();
    let texts = sections
        .map(|section| &mut section.title)
        .chain(&mut extracted.title)
        .chain(std::iter::once(&mut extracted.text));
    for text in texts {
        if text.contains('\0') {
            *text = text.replace('\0', " ");
        }
    }
}

fn plain_text(text: String) -> Extracted {
    Extracted {
        text,
        ..Extracted::default()
    }
}

fn markdown_text(text: &str, limits: &ExtractLimits) -> Result<Extracted, ExtractFailure> {
    let text = pipe_tables::rewritten(text, limits)?;
    let sections = markdown::sections(&text);
    Ok(Extracted {
        title: front_matter::title(&text).or_else(|| markdown::title(&sections)),
        text,
        sections,
        ..Extracted::default()
    })
}
