//! What the benchmark asks of the machine before it begins: a core for each side, and files enough.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::process::{Command, Stdio};

/// The core of the load generator and of the upstream.
const OWN_CORE: &str = "0";
/// The core of ragd.
const RAGD_CORE: &str = "1";

/// Moves this process to a core of its own and names the other one; `None`, with the reason in
/// `notes`, where that cannot be done.
pub fn pin(notes: &mut Vec<String>) -> Option<&'static str> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        notes.push("one core only: the two sides disturb each other".to_owned());
        return None;
    }
    let pid = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["-acp", OWN_CORE, &pid])
        .stdout(Stdio::null())
        .status();
    if pinned.is_ok_and(|status| status.success()) {
        return Some(RAGD_CORE);
    }
    notes.push("taskset is missing or refused: nothing is pinned to a core".to_owned());
    None
}

/// Raises the limit of open files, which ragd inherits, to what `connections` at once need.
pub fn allow_files(connections: u64) {
    // Both ends of a client's connection, or this process' ends of two; and some for the rest.
    let needed = 2 * connections + 256;
    let limit = getrlimit(Resource::Nofile);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    if limit.current.unwrap_or(u64::MAX) >= needed {
        return;
    }
    let raised = Rlimit {
        current: Some(needed),
        maximum: limit.maximum.map(|hard| hard.max(needed)),
    };
    assert!(
        setrlimit(Resource::Nofile, raised).is_ok(),
        "{needed} open files are needed, and the hard limit is {hard} (ulimit -Hn): raise it, or ask for fewer streams"
    );
}

/// How busy the machine was in the last minute, by its own count.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let minute = text.split_ascii_whitespace().next();
    minute.unwrap_or("unknown").to_owned()
}
