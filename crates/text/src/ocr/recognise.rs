//! The parent's side of OCR: one page after the other through two processes joined by a pipe (the
//! limited child that draws the page, and the limited OCR program), each ended by the clock.

use super::super::child::{ChildRequest, Task};
use super::super::extractor::{Work, death, first_line, read_bounded, unavailable};
use super::super::{ExtractFailure, Extracted, FailureCode, Format};
use super::confined::{NOT_RUN, RecogniserRequest};
use super::{Ocr, words};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// What the OCR program takes before it has a picture, in bytes: its code and a language's data.
const PROGRAM_BYTES: u64 = 256 * 1024 * 1024;
/// The longest table of words, in bytes; a word takes about sixty.
const TABLE_BYTES: u64 = 32 * 1024 * 1024;
const STDERR_BYTES: u64 = 4096;

impl Ocr {
    /// The words of each page that `extracted` left unread.
    ///
    /// # Errors
    /// The limits that a page breaks, with its number, and `unavailable` where a process cannot run.
    pub(crate) async fn read(
        &self,
        work: &Work<'_>,
        extracted: &Extracted,
    ) -> Result<BTreeMap<u32, String>, ExtractFailure> {
        let unread = &extracted.unread;
        if unread.len() > self.settings.pages {
            return Err(ExtractFailure::new(
                FailureCode::TooLarge,
                format!(
                    "{} of its pages are pictures, more than the {} that are read \
                     (ingest.ocr_pages)",
                    unread.len(),
                    self.settings.pages
                ),
            ));
        }
        if matches!(work.format, Format::Picture(_)) {
            // Its pages, if it has several, are read by one run of the program.
            work.tell(0, unread.len());
            let pages = u64::try_from(unread.len()).unwrap_or(u64::MAX);
            let input = Stdio::from(work.open().await?);
            let reading = self.recognise(work, input, self.settings.page_seconds * pages);
            return self
                .within(pages, reading)
                .await
                .map(|table| words::pages(&table));
        }
        let mut found = BTreeMap::new();
        for (done, number) in unread.iter().enumerate() {
            work.tell(done, unread.len());
            let table = self
                .within(1, self.page(work, *number))
                .await
                .map_err(|failure| of_page(*number, failure))?;
            let text = words::pages(&table).into_values().next();
            found.insert(*number, text.unwrap_or_default());
        }
        Ok(found)
    }

    /// Draws one page and reads it.
    async fn page(&self, work: &Work<'_>, number: u32) -> Result<String, ExtractFailure> {
        let (picture, drawing) = std::io::pipe().map_err(unavailable)?;
        let request = ChildRequest {
            format: work.format,
            limits: *work.limits,
            task: Task::Raster {
                page: number,
                pixels: self.settings.pixels,
            },
        };
        let child = Command::new(work.program)
            .arg("extract")
            .arg(request.to_argument().map_err(unavailable)?)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(work.open().await?))
            .stdout(Stdio::from(drawing))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(unavailable)?;
        let reading = self.recognise(work, Stdio::from(picture), self.settings.page_seconds);
        let (drawn, table) = tokio::join!(drawn(child, work), reading);
        // A picture that breaks off makes the reader fail as well; the first fault is the cause.
        drawn.and(table)
    }

    /// Runs the OCR program over the picture that `input` gives; its table of words.
    async fn recognise(
        &self,
        work: &Work<'_>,
        input: Stdio,
        cpu_seconds: u64,
    ) -> Result<String, ExtractFailure> {
        let memory_bytes = work.limits.memory_bytes + PROGRAM_BYTES;
        let request = RecogniserRequest {
            program: self.program.to_path_buf(),
            data: self.data.as_ref().map(|data| data.to_path_buf()),
            languages: self.settings.languages.clone(),
            memory_bytes,
            cpu_seconds,
            file_bytes: work.limits.file_bytes.max(4 * self.settings.pixels),
        };
        let mut child = Command::new(work.program)
            .arg("recognise")
            .arg(serde_json::to_string(&request).map_err(unavailable)?)
            .env_clear()
            .current_dir("/")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(unavailable)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (table, last_words) = tokio::join!(
            read_bounded(stdout, TABLE_BYTES),
            read_bounded(stderr, STDERR_BYTES)
        );
        let table = table?;
        if table.len() as u64 > TABLE_BYTES {
            return Err(work.limits.text_too_long());
        }
        let status = child.wait().await.map_err(unavailable)?;
        let last_words = String::from_utf8_lossy(&last_words?).into_owned();
        match status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&table).into_owned()),
            Some(NOT_RUN) => Err(unavailable(last_words)),
            Some(_) => Err(ExtractFailure::new(
                FailureCode::Corrupt,
                format!("the picture cannot be read: {}", first_line(&last_words)),
            )),
            None => Err(death(status, &last_words, (memory_bytes, cpu_seconds))),
        }
    }

    async fn within<T>(
        &self,
        pages: u64,
        reading: impl Future<Output = Result<T, ExtractFailure>>,
    ) -> Result<T, ExtractFailure> {
        // The processes are ended by being dropped with the future that timed out.
        let seconds = self.settings.page_seconds * pages;
        tokio::time::timeout(Duration::from_secs(seconds), reading)
            .await
            .unwrap_or_else(|_| {
                Err(ExtractFailure::new(
                    FailureCode::Timeout,
                    format!(
                        "reading the picture took longer than {seconds} s (ingest.ocr_page_seconds)"
                    ),
                ))
            })
    }
}

/// How the drawing child ended: its fault, if it had one, is what it says on standard error.
async fn drawn(mut child: Child, work: &Work<'_>) -> Result<(), ExtractFailure> {
    let last_words = read_bounded(child.stderr.take(), STDERR_BYTES).await?;
    let status = child.wait().await.map_err(unavailable)?;
    if status.success() {
        return Ok(());
    }
    if let Ok(failure) = serde_json::from_slice(&last_words) {
        return Err(failure);
    }
    let limits = (work.limits.memory_bytes, work.limits.cpu_seconds);
    Err(death(status, &String::from_utf8_lossy(&last_words), limits))
}

fn of_page(number: u32, failure: ExtractFailure) -> ExtractFailure {
    ExtractFailure::new(failure.code, format!("page {number}: {}", failure.message))
}
