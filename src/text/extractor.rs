//! The parent's side of an extraction: starts `ragd extract` with the document as its standard
//! input and nothing else (no path, no name, no environment), reads a bounded answer, ends the child
//! by the clock, and turns every way in which it can die into a failure. At most a fixed number of
//! children run at once.

use super::child::ChildRequest;
use super::{ExtractFailure, ExtractLimits, Extracted, FailureCode, Format};
use crate::domain::FileName;
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
}

impl Extractor {
    /// An extractor that runs `program extract` (`program` is ragd itself) under `limits`, at most
    /// `concurrent` (at least 1) at once.
    pub fn new(program: impl Into<PathBuf>, limits: ExtractLimits, concurrent: usize) -> Self {
        Self {
            program: program.into(),
            limits,
            places: Arc::new(Semaphore::new(concurrent.max(1))),
        }
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
        let format = Format::of(name)?;
        let _place = self.places.acquire().await.map_err(unavailable)?;
        let child = self.spawn(bytes, format).await?;
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

    async fn spawn(&self, bytes: &Path, format: Format) -> Result<Child, ExtractFailure> {
        let document = tokio::fs::File::open(bytes).await.map_err(unavailable)?;
        let request = ChildRequest {
            format,
            limits: self.limits,
        };
        Command::new(&self.program)
            .arg("extract")
            .arg(request.to_argument().map_err(unavailable)?)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(document.into_std().await))
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
            return Err(self.death(status, &String::from_utf8_lossy(&last_words)));
        }
        serde_json::from_slice::<Result<Extracted, ExtractFailure>>(&answer)
            .map_err(|_| crashed("the extraction gave no answer"))?
    }

    /// What killed the child, told from its signal and its last words.
    fn death(&self, status: ExitStatus, last_words: &str) -> ExtractFailure {
        let memory = || {
            ExtractFailure::new(
                FailureCode::Memory,
                format!(
                    "reading it took more than {} bytes of memory",
                    self.limits.memory_bytes
                ),
            )
        };
        match status.signal() {
            Some(SIGABRT | SIGSEGV | SIGBUS) if last_words.contains("overflowed its stack") => {
                ExtractFailure::new(FailureCode::TooDeep, "it is nested too deeply to be read")
            }
            Some(SIGABRT) if last_words.contains("memory allocation") => memory(),
            // Only the system's own guard against running out of memory kills so.
            Some(SIGKILL) => memory(),
            Some(SIGXCPU) => ExtractFailure::new(
                FailureCode::Timeout,
                format!(
                    "reading it took more than {} s of processor time",
                    self.limits.cpu_seconds
                ),
            ),
            Some(signal) => crashed(&format!("the extraction was ended by signal {signal}")),
            None => crashed(&format!("the extraction ended with {status}")),
        }
    }
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

fn unavailable(error: impl std::fmt::Display) -> ExtractFailure {
    ExtractFailure::new(
        FailureCode::Unavailable,
        format!("the extraction could not run: {error}"),
    )
}

/// Reads up to one byte more than `most`, so that the caller can see an excess. Then the pipe is
/// closed, which ends a child that still writes.
async fn read_bounded(
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
