//! What work costs this process: wall-clock time, processor time of all its threads,
//! and resident memory.

use std::time::Instant;

/// The processor time of all threads, living ones only, in nanoseconds.
pub fn cpu_ns() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Resident memory, in megabytes: all of it, and the part that is not files.
pub fn resident_mb() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let kb = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok())
            .unwrap_or_default()
    };
    (kb("VmRSS:") / 1_000.0, kb("RssAnon:") / 1_000.0)
}

/// Durations of single questions, and the processor time of all together.
#[derive(Default)]
pub struct Timings {
    wall_ms: Vec<f64>,
    cpu_begun_ns: u64,
}

impl Timings {
    pub fn begin() -> Self {
        Self {
            wall_ms: Vec::new(),
            cpu_begun_ns: cpu_ns(),
        }
    }

    pub fn add(&mut self, begun: Instant) {
        self.wall_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }

    /// `p50 …, p99 …, CPU …`, in milliseconds.
    pub fn report(mut self) -> String {
        let cpu_ms = (cpu_ns() - self.cpu_begun_ns) as f64 / 1e6 / self.wall_ms.len() as f64;
        self.wall_ms.sort_by(f64::total_cmp);
        let at = |part: f64| self.wall_ms[(self.wall_ms.len() as f64 * part) as usize];
        format!(
            "p50 {:.3} ms, p99 {:.3} ms, CPU {cpu_ms:.3} ms",
            at(0.5),
            at(0.99)
        )
    }
}
