//! Child processes of an extraction: how they are started (with the document as standard input, no
//! environment and no path), how their bounded output is read, and what the way in which one ended
//! means for the document.

use super::child::{ChildRequest, Task};
use super::{ExtractFailure, ExtractLimits, FailureCode, Format};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// How much of a child's standard error is read.
pub(super) const STDERR_BYTES: u64 = 4096;

/// Reports how many of how many pages OCR has read.
pub(super) type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// One extraction that is running.
pub(super) struct Extraction<'a> {
    /// ragd itself.
    pub(super) program: &'a Path,
    /// The file with the document.
    pub(super) document: &'a Path,
    pub(super) format: Format,
    pub(super) limits: &'a ExtractLimits,
    pub(super) progress: Option<Progress<'a>>,
}

impl Extraction<'_> {
    /// The document as the standard input of a child.
    pub(super) async fn stdin(&self) -> Result<Stdio, ExtractFailure> {
        let document = tokio::fs::File::open(self.document).await;
        Ok(document.map_err(unavailable)?.into_std().await.into())
    }

    /// Reports that OCR has read `done` of `all` pages.
    pub(super) fn report(&self, done: usize, all: usize) {
        if let Some(progress) = self.progress {
            let count = |pages| u64::try_from(pages).unwrap_or(u64::MAX);
            progress(count(done), count(all));
        }
    }

    /// Starts `ragd extract` with the document, to do `task`.
    pub(super) async fn spawn(&self, task: Task, stdout: Stdio) -> Result<Child, ExtractFailure> {
        let request = ChildRequest {
            format: self.format,
            limits: *self.limits,
            task,
        };
        let argument = request.to_argument().map_err(unavailable)?;
        spawn(
            self.program,
            "extract",
            &argument,
            self.stdin().await?,
            stdout,
        )
    }
}

/// Starts a hidden command of ragd, which is killed when the handle is dropped.
pub(super) fn spawn(
    program: &Path,
    command: &str,
    argument: &str,
    stdin: Stdio,
    stdout: Stdio,
) -> Result<Child, ExtractFailure> {
    Command::new(program)
        .args([command, argument])
        .env_clear()
        .current_dir("/")
        .stdin(stdin)
        .stdout(stdout)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(unavailable)
}

/// The failure that the end of a child means, by its signal and its standard error.
pub(super) fn failure_of_exit(
    status: ExitStatus,
    stderr: &str,
    memory_bytes: u64,
    cpu_seconds: u64,
) -> ExtractFailure {
    let memory = || {
        ExtractFailure::new(
            FailureCode::Memory,
            format!("reading it took more than {memory_bytes} bytes of memory"),
        )
    };
    match status.signal() {
        Some(SIGABRT | SIGSEGV | SIGBUS) if stderr.contains("overflowed its stack") => {
            ExtractFailure::too_deep("it is nested too deeply to be read")
        }
        Some(SIGABRT) if is_out_of_memory(stderr) => memory(),
        // Sent by the system when it runs out of memory.
        Some(SIGKILL) => memory(),
        Some(SIGXCPU) => ExtractFailure::new(
            FailureCode::Timeout,
            format!("reading it took more than {cpu_seconds} s of processor time"),
        ),
        Some(signal) => crashed(&format!("the extraction was ended by signal {signal}")),
        None => crashed(&format!("the extraction ended with {status}")),
    }
}

/// The messages of Rust and of C++.
fn is_out_of_memory(stderr: &str) -> bool {
    stderr.contains("memory allocation") || stderr.contains("bad_alloc")
}

/// The first line that is not blank, shortened for a message.
pub(super) fn first_line(stderr: &str) -> String {
    let line = stderr.lines().map(str::trim).find(|line| !line.is_empty());
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

/// The child ended in a way that says nothing about the document.
pub(super) fn crashed(message: &str) -> ExtractFailure {
    ExtractFailure::new(FailureCode::Crashed, message)
}

/// The extraction could not run.
pub(super) fn unavailable(error: impl std::fmt::Display) -> ExtractFailure {
    ExtractFailure::new(
        FailureCode::Unavailable,
        format!("the extraction could not run: {error}"),
    )
}

/// Reads at most one byte more than `most`, so that the caller can detect an excess. Then the pipe
/// is closed, which ends a child that still writes.
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
