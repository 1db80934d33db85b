//! The parent's side of an extraction: runs `ragd extract` with the document as its standard input,
//! reads a bounded answer within a time limit, and turns every way in which the child can end into
//! a failure. At most a fixed number of children run at once. Pages that are pictures are read with
//! the OCR program, if it is installed.

use super::child::Task;
use super::ocr::{self, Ocr};
use super::process::{
    Extraction, Progress, STDERR_BYTES, crashed, failure_of_exit, read_bounded, unavailable,
};
use super::{ExtractFailure, ExtractLimits, Extracted, FailureCode, Format, OcrChoice, OcrReader};
use ragd_core::domain::FileName;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::Semaphore;

/// Extracts documents in child processes; cheap to clone, and all clones share one limit of
/// children.
#[derive(Debug, Clone)]
pub struct Extractor {
    program: PathBuf,
    limits: ExtractLimits,
    permits: Arc<Semaphore>,
    reader: Arc<OcrReader>,
}

/// How one document is to be extracted.
#[derive(Clone, Copy, Default)]
pub struct ExtractOrder<'a> {
    /// Whether OCR reads its pictures.
    pub ocr: OcrChoice,
    /// Called with how many of how many pages OCR has read.
    pub progress: Option<Progress<'a>>,
}

impl Extractor {
    /// An extractor that runs `program extract` (`program` is ragd itself) under `limits`, at most
    /// `concurrent` (at least 1) at once.
    pub fn new(program: impl Into<PathBuf>, limits: ExtractLimits, concurrent: usize) -> Self {
        Self {
            program: program.into(),
            limits,
            permits: Arc::new(Semaphore::new(concurrent.max(1))),
            reader: Arc::default(),
        }
    }

    /// The same extractor with OCR.
    #[must_use]
    pub fn with_ocr(self, reader: OcrReader) -> Self {
        Self {
            reader: Arc::new(reader),
            ..self
        }
    }

    /// The OCR reader.
    pub fn ocr(&self) -> &OcrReader {
        &self.reader
    }

    /// An extractor that runs the current executable.
    ///
    /// # Errors
    /// `unavailable` if the path of the executable cannot be determined.
    pub fn of_this_program(
        limits: ExtractLimits,
        concurrent: usize,
    ) -> Result<Self, ExtractFailure> {
        let program = std::env::current_exe().map_err(unavailable)?;
        Ok(Self::new(program, limits, concurrent))
    }

    /// Extracts the text of the file at `path`; the format follows from `name`. Waiting for other
    /// extractions is not limited in time. Dropping the future ends the child.
    ///
    /// # Errors
    /// Every failure of the document, and `unavailable` if the extraction could not run.
    pub async fn extract(&self, path: &Path, name: &FileName) -> Result<Extracted, ExtractFailure> {
        self.extract_with(path, name, ExtractOrder::default()).await
    }

    /// As [`Extractor::extract`], with a choice about OCR, which has its own time limit for each
    /// page.
    ///
    /// # Errors
    /// As [`Extractor::extract`]; `needs_ocr` says what to install or to set.
    pub async fn extract_with(
        &self,
        path: &Path,
        name: &FileName,
        order: ExtractOrder<'_>,
    ) -> Result<Extracted, ExtractFailure> {
        let extraction = Extraction {
            program: &self.program,
            document: path,
            format: Format::of(name)?,
            limits: &self.limits,
            progress: order.progress,
        };
        let _permit = self.permits.acquire().await.map_err(unavailable)?;
        match self.reader.chosen(order.ocr) {
            Ok(ocr) => {
                let pixels = ocr.most_pixels();
                let task = Task::TextBesidePictures { pixels };
                let extracted = self.run(&extraction, task).await?;
                self.read_pictures(ocr, &extraction, extracted).await
            }
            Err(advice) => self.run(&extraction, Task::Text).await.map_err(|failure| {
                if failure.code != FailureCode::NeedsOcr {
                    return failure;
                }
                ExtractFailure::new(failure.code, format!("{}; {advice}", failure.message))
            }),
        }
    }

    /// Adds the text of the pages that only OCR can read.
    async fn read_pictures(
        &self,
        ocr: &Ocr,
        extraction: &Extraction<'_>,
        extracted: Extracted,
    ) -> Result<Extracted, ExtractFailure> {
        if extracted.unread.is_empty() {
            return Ok(extracted);
        }
        let pictures = extracted.unread.len();
        let texts = ocr.read(extraction, &extracted).await?;
        let merged = ocr::merge(extracted, texts);
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

    async fn run(
        &self,
        extraction: &Extraction<'_>,
        task: Task,
    ) -> Result<Extracted, ExtractFailure> {
        let child = extraction.spawn(task, Stdio::piped()).await?;
        let limit = Duration::from_millis(self.limits.wall_ms);
        // A timeout drops the future and with it the child, which kills it.
        tokio::time::timeout(limit, self.answer(child))
            .await
            .unwrap_or_else(|_| {
                Err(ExtractFailure::new(
                    FailureCode::Timeout,
                    format!("reading it took longer than {} ms", self.limits.wall_ms),
                ))
            })
    }

    async fn answer(&self, mut child: Child) -> Result<Extracted, ExtractFailure> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // In JSON a character takes at most six bytes; the rest is for sections and pages.
        let most = 6 * self.limits.text_chars as u64 + 16_000_000;
        let (answer, stderr) = tokio::join!(
            read_bounded(stdout, most),
            read_bounded(stderr, STDERR_BYTES)
        );
        let answer = answer?;
        if answer.len() as u64 > most {
            return Err(self.limits.text_too_long());
        }
        let status = child.wait().await.map_err(unavailable)?;
        if !status.success() {
            let stderr = stderr.unwrap_or_default();
            return Err(failure_of_exit(
                status,
                &String::from_utf8_lossy(&stderr),
                self.limits.memory_bytes,
                self.limits.cpu_seconds,
            ));
        }
        serde_json::from_slice::<Result<Extracted, ExtractFailure>>(&answer)
            .map_err(|_| crashed("the extraction gave no answer"))?
    }
}
