//! The command line of ragd.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("extract"), Some(request)) => ragd::text::run_child(&request),
        _ => ExitCode::FAILURE,
    }
}
