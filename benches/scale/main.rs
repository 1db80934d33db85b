//! The embedded index at a hundred thousand passages and more: how long it takes to build, what it
//! weighs once reopened, what a question costs in process and over HTTP, and how far its answers are
//! from exact ones. `cargo bench --bench scale -- --help` says how to run it.
//!
//! Each phase is a process of its own, so that one's memory is not counted as another's.

#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::print_stdout, reason = "its figures are what it is for")]

mod args;
mod corpus;
mod cost;
mod exact;
mod http;
mod phases;
mod real;

use args::{Args, Phase};
use clap::Parser;
use std::ffi::OsStr;
use std::process::Command;

fn main() {
    let args = Args::parse();
    let Some(folder) = args.folder.clone() else {
        let folder = tempfile::tempdir().expect("a folder");
        return each_phase(&Args {
            folder: Some(folder.path().to_owned()),
            ..args
        });
    };
    let Some(phase) = args.phase else {
        return each_phase(&args);
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match phase {
            Phase::Build => phases::build(&args, &folder).await,
            Phase::Search => phases::search(&args, &folder).await,
            Phase::Http => http::measure(&args, &folder).await,
        }
    });
}

fn each_phase(args: &Args) {
    println!("{} passages, {} questions", args.passages, args.questions);
    let folder = args.folder.as_ref().expect("a folder was given");
    for phase in Phase::ALL {
        let status = Command::new(std::env::current_exe().expect("this program"))
            .args(["--phase", phase.name()])
            .args(["--passages", &args.passages.to_string()])
            .args(["--questions", &args.questions.to_string()])
            .args(["--compared", &args.compared.to_string()])
            .arg("--folder")
            .arg(folder)
            .args(
                args.real
                    .iter()
                    .flat_map(|real| [OsStr::new("--real"), real.as_os_str()]),
            )
            .status()
            .expect("the phase runs");
        assert!(status.success(), "phase {} failed", phase.name());
    }
}
