//! The child's side of OCR, run by the hidden command `ragd recognise`: limits its own resources
//! and then executes the OCR program, which inherits the limits. The picture is its standard input,
//! and the recognised words are its standard output.

use super::super::rlimits::ResourceLimits;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The request to the child: its only argument, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecogniserRequest {
    pub(super) program: PathBuf,
    pub(super) data: Option<PathBuf>,
    pub(super) languages: String,
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    /// The program copies its input into an unnamed temporary file, which is gone when it ends.
    pub(super) file_bytes: u64,
}

/// The exit code if the program could not be run; the program itself does not use it.
pub(super) const NOT_RUN: i32 = 86;

/// Runs `ragd recognise ARGUMENT`; call it before any thread or runtime is started. Returns only if
/// the OCR program could not be started; the reason is then on standard error.
pub fn run_recogniser(argument: &str) -> ExitCode {
    let reason = match serde_json::from_str::<RecogniserRequest>(argument) {
        Err(error) => error.to_string(),
        Ok(request) => match confine(&request) {
            Err(error) => error.to_string(),
            Ok(()) => become_program(&request).to_string(),
        },
    };
    // The exit code says that the program was not run, whether the reason can be written or not.
    let _ignored = std::io::stderr().write_all(reason.as_bytes());
    u8::try_from(NOT_RUN).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn confine(request: &RecogniserRequest) -> rustix::io::Result<()> {
    ResourceLimits {
        memory_bytes: request.memory_bytes,
        cpu_seconds: request.cpu_seconds,
        file_bytes: request.file_bytes,
        open_files: 32,
    }
    .apply()
}

/// Executes the OCR program in place of this process; returns only with an error.
fn become_program(request: &RecogniserRequest) -> std::io::Error {
    Command::new(&request.program)
        .args(["stdin", "stdout", "-l", &request.languages, "tsv"])
        .env_clear()
        // One thread for a page, because several documents are processed in parallel.
        .env("OMP_THREAD_LIMIT", "1")
        .envs(request.data.as_ref().map(|data| ("TESSDATA_PREFIX", data)))
        .current_dir("/")
        .exec()
}
