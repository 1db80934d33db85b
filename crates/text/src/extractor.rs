//! The parent's side of an extraction: starts `ragd extract` with the document as its standard
//! input and nothing else (no path, no name, no environment), reads a bounded answer, ends the child
//! by the clock, and turns every way in which it can die into a failure. At most a fixed number of
//! children run at once. Pages that are pictures it gives to the OCR program, where there is one.

use super::child::{ChildRequest, Task};
use super::ocr::{self, Ocr};
use super::{ExtractFailure, ExtractLimits, Extracted, FailureCode, Format, OcrChoice, OcrReader};
use ragd_core::domain::FileName;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;

/// How much of a dying child's last words is read.
const STDERR_BYTES: u64 = 4096;

/// Extracts documents in child processes; cheap to clone, the clones share the places.
#[derive(Debug, Clone)]
pub struct Extractor {
    program: PathBuf,
    limits: ExtractLimits,
    places: Arc<Semaphore>,
    reader: Arc<OcrReader>,
}

/// How one document is to be extracted.
#[derive(Clone, Copy, Default)]
pub struct ExtractOrder<'a> {
    /// Whether its pictures are read.
    pub ocr: OcrChoice,
    /// Is told how many of how many pages OCR has read.
    pub progress: Option<&'a (dyn Fn(u64, u64) + Send + Sync)>,
}

/// A document under work, as the OCR of its pages needs it.
pub(super) struct Work<'a> {
    pub(super) program: &'a Path,
    pub(super) bytes: &'a Path,
    pub(super) format: Format,
    pub(super) limits: &'a ExtractLimits,
    progress: Option<&'a (dyn Fn(u64, u64) + Send + Sync)>,
}

impl Work<'_> {
    /// The document, to be a child's standard input.
    pub(super) async fn open(&self) -> Result<std::fs::File, ExtractFailure> {
        let document = tokio::fs::File::open(self.bytes).await;
        Ok(document.map_err(unavailable)?.into_std().await)
    }

    pub(super) fn tell(&self, done: usize, of: usize) {
        if let Some(progress) = self.progress {
            let count = |pages| u64::try_from(pages).unwrap_or(u64::MAX);
            progress(count(done), count(of));
        }
    }
}

impl Extractor {
    /// An extractor that runs `program extract` (`program` is ragd itself) under `limits`, at most
    /// `concurrent` (at least 1) at once.
    pub fn new(program: impl Into<PathBuf>, limits: ExtractLimits, concurrent: usize) -> Self {
        Self {
            program: program.into(),
            limits,
            places: Arc::new(Semaphore::new(concurrent.max(1))),
            reader: Arc::default(),
        }
    }

    /// The same extractor with a reader of pictures.
    #[must_use]
    pub fn with_ocr(self, reader: OcrReader) -> Self {
        Self {
            reader: Arc::new(reader),
            ..self
        }
    }

    /// The reader of pictures.
    pub fn ocr(&self) -> &OcrReader {
        &self.reader
    }

    /// An extractor that runs the present program.
    ///
    /// # Errors
    /// `unavailable` where the system does not say which file it runs.
    pub fn of_this_program(
        limits: ExtractLimits,
        concurrent: usize,
    ) -> Result<Self, ExtractFailure> {
        let program = std::env::current_exe().map_err(unavailable)?;
        Ok(Self::new(program, limits, concurrent))
    }

    /// Reads the text of the file at `bytes`, whose `name` says its format. The time spent waiting
    /// for a place is not limited.
    ///
    /// # Errors
    /// Every fault of the document, and `unavailable` where the extraction could not run. Dropping
    /// the future ends the child.
    pub async fn extract(
        &self,
        bytes: &Path,
        name: &FileName,
    ) -> Result<Extracted, ExtractFailure> {
        self.extract_with(bytes, name, ExtractOrder::default())
            .await
    }

    /// As [`Extractor::extract`], with a choice about OCR. OCR has its own time for each page.
    ///
    /// # Errors
    /// As [`Extractor::extract`]; `needs_ocr` says what to install or to set.
    pub async fn extract_with(
        &self,
        bytes: &Path,
        name: &FileName,
        order: ExtractOrder<'_>,
    ) -> Result<Extracted, ExtractFailure> {
        let work = Work {
            program: &self.program,
            bytes,
            format: Format::of(name)?,
            limits: &self.limits,
            progress: order.progress,
        };
        let _place = self.places.acquire().await.map_err(unavailable)?;
        match self.reader.chosen(order.ocr) {
            Ok(ocr) => {
                let pixels = ocr.most_pixels();
                let task = Task::TextBesidePictures { pixels };
                let extracted = self.run(&work, task).await?;
                self.read_pictures(ocr, &work, extracted).await
            }
            Err(advice) => self.run(&work, Task::Text).await.map_err(|failure| {
                if failure.code != FailureCode::NeedsOcr {
                    return failure;
                }
                ExtractFailure::new(failure.code, format!("{}; {advice}", failure.message))
            }),
        }
    }

    /// The text of the pages that were left to OCR, in its place.
    async fn read_pictures(
        &self,
        ocr: &Ocr,
        work: &Work<'_>,
        extracted: Extracted,
    ) -> Result<Extracted, ExtractFailure> {
        if extracted.unread.is_empty() {
            return Ok(extracted);
        }
        let pictures = extracted.unread.len();
        let words = ocr.read(work, &extracted).await?;
        let merged = ocr::merge(extracted, words);
        if merged.text.trim().is_empty() {
            return Err(ExtractFailure::new(
                FailureCode::Empty,
                format!("OCR found no text in it ({pictures} pages that are pictures)"),
            ));
        }
        if merged.text.chars().count() > self.limits.text_chars {
            return Err(self.limits.text_too_long());
        }
        Ok(merged)
    }

    async fn run(&self, work: &Work<'_>, task: Task) -> Result<Extracted, ExtractFailure> {
        let child = self.spawn(work, task).await?;
        let wall = Duration::from_millis(self.limits.wall_ms);
        // The child is ended by being dropped with the future that timed out.
        tokio::time::timeout(wall, self.answer(child))
            .await
            .unwrap_or_else(|_| {
                Err(ExtractFailure::new(
                    FailureCode::Timeout,
                    format!("reading it took longer than {} ms", self.limits.wall_ms),
                ))
            })
    }

    async fn spawn(&self, work: &Work<'_>, task: Task) -> Result<Child, ExtractFailure> {
        let request = ChildRequest {
            format: work.format,
            limits: self.limits,
            task,
        };
        Command::new(&self.program)
            .arg("extract")
            .arg(request.to_argument().map_err(unavailable)?)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(work.open().await?))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(unavailable)
    }

    async fn answer(&self, mut child: Child) -> Result<Extracted, ExtractFailure> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // In JSON a character takes at most six bytes; the sections and pages come on top.
        let most = 6 * self.limits.text_chars as u64 + 16_000_000;
        let (answer, last_words) = tokio::join!(
            read_bounded(stdout, most),
            read_bounded(stderr, STDERR_BYTES)
        );
        let answer = answer?;
        if answer.len() as u64 > most {
            return Err(self.limits.text_too_long());
        }
        let status = child.wait().await.map_err(unavailable)?;
        if !status.success() {
            let last_words = last_words.unwrap_or_default();
            let limits = (self.limits.memory_bytes, self.limits.cpu_seconds);
            return Err(death(status, &String::from_utf8_lossy(&last_words), limits));
        }
        serde_json::from_slice::<Result<Extracted, ExtractFailure>>(&answer)
            .map_err(|_| crashed("the extraction gave no answer"))?
    }
}

/// What killed a child, told from its signal and its last words; `limits` are its memory in bytes
/// and its seconds of processor time.
pub(super) fn death(
    status: ExitStatus,
    last_words: &str,
    (memory_bytes, cpu_seconds): (u64, u64),
) -> ExtractFailure {
    let memory = || {
        ExtractFailure::new(
            FailureCode::Memory,
            format!("reading it took more than {memory_bytes} bytes of memory"),
        )
    };
    match status.signal() {
        Some(SIGABRT | SIGSEGV | SIGBUS) if last_words.contains("overflowed its stack") => {
            ExtractFailure::new(FailureCode::TooDeep, "it is nested too deeply to be read")
        }
        Some(SIGABRT) if is_out_of_memory(last_words) => memory(),
        // Only the system's own guard against running out of memory kills so.
        Some(SIGKILL) => memory(),
        Some(SIGXCPU) => ExtractFailure::new(
            FailureCode::Timeout,
            format!("reading it took more than {cpu_seconds} s of processor time"),
        ),
        Some(signal) => crashed(&format!("the extraction was ended by signal {signal}")),
        None => crashed(&format!("the extraction ended with {status}")),
    }
}

/// As Rust and as C++ say it.
fn is_out_of_memory(last_words: &str) -> bool {
    last_words.contains("memory allocation") || last_words.contains("bad_alloc")
}

/// The first line that says something, cut to a length that can be shown.
pub(super) fn first_line(words: &str) -> String {
    let line = words.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("no reason was given")
        .chars()
        .take(200)
        .collect()
}

// POSIX names, Linux numbers.
const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;
const SIGXCPU: i32 = 24;

fn crashed(message: &str) -> ExtractFailure {
    ExtractFailure::new(FailureCode::Crashed, message)
}

pub(super) fn unavailable(error: impl std::fmt::Display) -> ExtractFailure {
    ExtractFailure::new(
        FailureCode::Unavailable,
        format!("the extraction could not run: {error}"),
    )
}

/// Reads up to one byte more than `most`, so that the caller can see an excess. Then the pipe is
/// closed, which ends a child that still writes.
pub(super) async fn read_bounded(
    pipe: Option<impl AsyncRead + Unpin>,
    most: u64,
) -> Result<Vec<u8>, ExtractFailure> {
    let mut read = Vec::new();
    if let Some(pipe) = pipe {
        let mut bounded = pipe.take(most + 1);
        bounded.read_to_end(&mut read).await.map_err(unavailable)?;
    }
    Ok(read)
}
