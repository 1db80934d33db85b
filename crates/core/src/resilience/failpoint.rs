//! Failpoints: named places at which a rehearsal may end the process as a power cut would. Nothing
//! is armed unless `RAGD_FAILPOINT` names a place; then the process aborts there, without unwinding,
//! flushing or closing anything. Unarmed, a place costs one look at a static.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every place, in the order in which an ingest passes them.
pub const FAILPOINTS: &[&str] = &[
    "accept.original_stored",
    "accept.committed",
    "job.claimed",
    "ingest.extracted",
    "ingest.staged",
    "ingest.before_commit",
    "ingest.committed",
    "index.applied",
    "index.flushed",
    "index.marked",
    "job.before_finish",
    "delete.committed",
];

static ARMED: OnceLock<Armed> = OnceLock::new();

#[derive(Debug)]
struct Armed {
    name: String,
    /// How many passages of the place are let through.
    spared: AtomicU64,
}

/// Arms a place: `NAME` aborts at its first passage, `NAME:N` at its `N`th. Only the first call of
/// a process counts.
///
/// # Errors
/// The text, when it names no place of [`FAILPOINTS`] or its number is not a number from 1 on.
pub fn arm(text: &str) -> Result<(), String> {
    let (name, passage) = match text.split_once(':') {
        Some((name, number)) => (name, number.parse::<u64>().ok()),
        None => (text, Some(1)),
    };
    let spared = passage
        .and_then(|passage| passage.checked_sub(1))
        .filter(|_| FAILPOINTS.contains(&name))
        .ok_or_else(|| text.to_owned())?;
    ARMED.get_or_init(|| Armed {
        name: name.to_owned(),
        spared: AtomicU64::new(spared),
    });
    Ok(())
}

/// Passes the place called `name`, unless a rehearsal ends here.
pub fn failpoint(name: &'static str) {
    let Some(armed) = ARMED.get() else { return };
    if armed.name != name {
        return;
    }
    let spare = |left: u64| left.checked_sub(1);
    if armed
        .spared
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, spare)
        .is_err()
    {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::arm;

    #[test]
    fn what_names_no_place_is_refused() {
        for text in ["", "nowhere", "accept.committed:0", "accept.committed:x"] {
            assert_eq!(arm(text), Err(text.to_owned()));
        }
    }
}
