//! The child's side of OCR, run by the hidden command `ragd recognise`: binds itself to its limits
//! and then becomes the OCR program, which inherits them. The picture is its standard input and its
//! words are its standard output.

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What the child is told: its one argument.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecogniserRequest {
    pub(super) program: PathBuf,
    pub(super) data: Option<PathBuf>,
    pub(super) languages: String,
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    /// The program copies its input into an unnamed temporary file that ends with it.
    pub(super) file_bytes: u64,
}

/// The exit code where the program could not be run; it has no such code of its own.
pub(super) const NOT_RUN: i32 = 86;

/// Runs `ragd recognise ARGUMENT`; call it before any thread or runtime is started. Returns only
/// where the OCR program could not be started, with the reason on standard error.
pub fn run_recogniser(argument: &str) -> ExitCode {
    let reason = match serde_json::from_str::<RecogniserRequest>(argument) {
        Err(error) => error.to_string(),
        Ok(request) => match confine(&request) {
            Err(error) => error.to_string(),
            Ok(()) => become_program(&request).to_string(),
        },
    };
    // Whoever started this learns it from the exit code as well.
    let _told = std::io::stderr().write_all(reason.as_bytes());
    u8::try_from(NOT_RUN).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn confine(request: &RecogniserRequest) -> rustix::io::Result<()> {
    let both = |limit: u64| Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    setrlimit(Resource::As, both(request.memory_bytes))?;
    let processor = Rlimit {
        current: Some(request.cpu_seconds.max(1)),
        maximum: Some(request.cpu_seconds.max(1) + 1),
    };
    setrlimit(Resource::Cpu, processor)?;
    setrlimit(Resource::Core, both(0))?;
    setrlimit(Resource::Fsize, both(request.file_bytes))?;
    setrlimit(Resource::Nofile, both(32))
}

fn become_program(request: &RecogniserRequest) -> std::io::Error {
    Command::new(&request.program)
        .args(["stdin", "stdout", "-l", &request.languages, "tsv"])
        .env_clear()
        // One page is one thread's work: documents are worked on side by side.
        .env("OMP_THREAD_LIMIT", "1")
        .envs(request.data.as_ref().map(|data| ("TESSDATA_PREFIX", data)))
        .current_dir("/")
        .exec()
}
