//! The parent's side of OCR: reads one page after the other with two processes that are joined by a
//! pipe (the limited child that draws the page, and the limited OCR program), within a time limit.

use super::super::child::Task;
use super::super::process::{
    Extraction, STDERR_BYTES, failure_of_exit, first_line, read_bounded, spawn, unavailable,
};
use super::super::{ExtractFailure, Extracted, FailureCode, Format};
use super::confined::{NOT_RUN, RecogniserRequest};
use super::find::Ocr;
use super::words;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Child;

/// The memory of the OCR program without a picture, in bytes: its code and a language's data.
const PROGRAM_BYTES: u64 = 256 * 1024 * 1024;
/// The most bytes of the table of words that are read; a word takes about sixty.
const TABLE_BYTES: u64 = 32 * 1024 * 1024;

impl Ocr {
    /// The text of each page that is listed as unread in `extracted`.
    ///
    /// # Errors
    /// The limit that a page exceeds, with its number, and `unavailable` if a process cannot run.
    pub(crate) async fn read(
        &self,
        extraction: &Extraction<'_>,
        extracted: &Extracted,
    ) -> Result<BTreeMap<u32, String>, ExtractFailure> {
        let unread = &extracted.unread;
        if unread.len() > self.settings.pages {
            return Err(ExtractFailure::too_large(format!(
                "{} of its pages are pictures, more than the {} that are read \
                     (ingest.ocr_pages)",
                unread.len(),
                self.settings.pages
            )));
        }
        if matches!(extraction.format, Format::Picture(_)) {
            // One run of the program reads all pages of a picture.
            extraction.report(0, unread.len());
            let pages = u64::try_from(unread.len()).unwrap_or(u64::MAX);
            let input = extraction.stdin().await?;
            let reading = self.recognise(extraction, input, self.settings.page_seconds * pages);
            return self
                .within(pages, reading)
                .await
                .map(|table| words::pages(&table));
        }
        let mut found = BTreeMap::new();
        for (done, number) in unread.iter().enumerate() {
            extraction.report(done, unread.len());
            let table = self
                .within(1, self.page(extraction, *number))
                .await
                .map_err(|failure| of_page(*number, failure))?;
            let text = words::pages(&table).into_values().next();
            found.insert(*number, text.unwrap_or_default());
        }
        Ok(found)
    }

    /// Draws one page and reads it.
    async fn page(
        &self,
        extraction: &Extraction<'_>,
        number: u32,
    ) -> Result<String, ExtractFailure> {
        let (picture, drawn) = std::io::pipe().map_err(unavailable)?;
        let task = Task::Raster {
            page: number,
            pixels: self.settings.pixels,
        };
        let child = extraction.spawn(task, Stdio::from(drawn)).await?;
        let reading = self.recognise(extraction, Stdio::from(picture), self.settings.page_seconds);
        let (drawing, table) = tokio::join!(finished_drawing(child, extraction), reading);
        // An incomplete picture makes the OCR program fail as well, so the first failure is the
        // cause.
        drawing.and(table)
    }

    /// Runs the OCR program with the picture as `input`; returns its table of words.
    async fn recognise(
        &self,
        extraction: &Extraction<'_>,
        input: Stdio,
        cpu_seconds: u64,
    ) -> Result<String, ExtractFailure> {
        let memory_bytes = extraction.limits.memory_bytes + PROGRAM_BYTES;
        let request = RecogniserRequest {
            program: self.program.to_path_buf(),
            data: self.data.as_ref().map(|data| data.to_path_buf()),
            languages: self.settings.languages.clone(),
            memory_bytes,
            cpu_seconds,
            file_bytes: extraction.limits.file_bytes.max(4 * self.settings.pixels),
        };
        let argument = serde_json::to_string(&request).map_err(unavailable)?;
        let program = extraction.program;
        let mut child = spawn(program, "recognise", &argument, input, Stdio::piped())?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (table, stderr) = tokio::join!(
            read_bounded(stdout, TABLE_BYTES),
            read_bounded(stderr, STDERR_BYTES)
        );
        let table = table?;
        if table.len() as u64 > TABLE_BYTES {
            return Err(extraction.limits.text_too_long());
        }
        let status = child.wait().await.map_err(unavailable)?;
        let stderr = String::from_utf8_lossy(&stderr?).into_owned();
        match status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&table).into_owned()),
            Some(NOT_RUN) => Err(unavailable(stderr)),
            Some(_) => Err(ExtractFailure::corrupt(format!(
                "the picture cannot be read: {}",
                first_line(&stderr)
            ))),
            None => Err(failure_of_exit(status, &stderr, memory_bytes, cpu_seconds)),
        }
    }

    async fn within<T>(
        &self,
        pages: u64,
        reading: impl Future<Output = Result<T, ExtractFailure>>,
    ) -> Result<T, ExtractFailure> {
        // A timeout drops the future and with it the processes, which kills them.
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

/// Waits for the child that draws; its failure is on its standard error.
async fn finished_drawing(
    mut child: Child,
    extraction: &Extraction<'_>,
) -> Result<(), ExtractFailure> {
    let stderr = read_bounded(child.stderr.take(), STDERR_BYTES).await?;
    let status = child.wait().await.map_err(unavailable)?;
    if status.success() {
        return Ok(());
    }
    if let Ok(failure) = serde_json::from_slice(&stderr) {
        return Err(failure);
    }
    Err(failure_of_exit(
        status,
        &String::from_utf8_lossy(&stderr),
        extraction.limits.memory_bytes,
        extraction.limits.cpu_seconds,
    ))
}

fn of_page(number: u32, failure: ExtractFailure) -> ExtractFailure {
    ExtractFailure::new(failure.code, format!("page {number}: {}", failure.message))
}
