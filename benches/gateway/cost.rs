//! What a process has cost so far, from Linux's `/proc`: the time of its threads to the nanosecond, its
//! shares of user and system time by clock ticks, its memory.

use std::collections::BTreeMap;
use std::fs::read_to_string;

/// CPU time used up to a moment.
#[derive(Debug, Default)]
pub struct Clock {
    threads: BTreeMap<u32, Thread>,
    user_ticks: u64,
    system_ticks: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Thread {
    cpu_ns: u64,
    waited_ns: u64,
}

/// CPU time used between two moments, or in several such spans together.
#[derive(Debug, Default, Clone, Copy)]
pub struct Spent {
    pub cpu_ns: u64,
    /// How long threads that could have run waited for a core.
    pub waited_ns: u64,
    user_ticks: u64,
    system_ticks: u64,
}

impl Clock {
    pub fn read(pid: u32) -> Self {
        let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The name of the program is in brackets and may hold spaces.
        let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
        let tick = |at: usize| -> u64 {
            let field = fields.split_ascii_whitespace().nth(at);
            field.and_then(|field| field.parse().ok()).unwrap_or(0)
        };
        Self {
            threads: threads(pid),
            user_ticks: tick(11),
            system_ticks: tick(12),
        }
    }

    /// What was spent since `earlier`. What a thread did that has ended since is not in it: those
    /// that end are idle ones.
    pub fn since(&self, earlier: &Self) -> Spent {
        let (mut cpu_ns, mut waited_ns) = (0, 0);
        for (number, thread) in &self.threads {
            let before = earlier.threads.get(number).copied().unwrap_or_default();
            cpu_ns += thread.cpu_ns.saturating_sub(before.cpu_ns);
            waited_ns += thread.waited_ns.saturating_sub(before.waited_ns);
        }
        Spent {
            cpu_ns,
            waited_ns,
            user_ticks: self.user_ticks.saturating_sub(earlier.user_ticks),
            system_ticks: self.system_ticks.saturating_sub(earlier.system_ticks),
        }
    }
}

impl Spent {
    pub fn add(&mut self, other: Self) {
        self.cpu_ns += other.cpu_ns;
        self.waited_ns += other.waited_ns;
        self.user_ticks += other.user_ticks;
        self.system_ticks += other.system_ticks;
    }

    /// Microseconds for each of `count` things.
    pub fn us_each(&self, count: u64) -> f64 {
        self.cpu_ns as f64 / 1e3 / count.max(1) as f64
    }

    /// The part that was not the kernel's, 0 to 1. The kernel samples it by its clock ticks, so it
    /// means something after seconds, not after milliseconds.
    pub fn user_share(&self) -> f64 {
        let ticks = self.user_ticks + self.system_ticks;
        self.user_ticks as f64 / ticks.max(1) as f64
    }
}

fn threads(pid: u32) -> BTreeMap<u32, Thread> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let times = threads.filter_map(|thread| {
        let number = thread.file_name().to_str()?.parse().ok()?;
        let text = read_to_string(thread.path().join("schedstat")).ok()?;
        let mut fields = text.split_ascii_whitespace();
        let cpu_ns = fields.next()?.parse().ok()?;
        let waited_ns = fields.next()?.parse().ok()?;
        Some((number, Thread { cpu_ns, waited_ns }))
    });
    times.collect()
}

/// Resident memory in MB (1,000,000 bytes).
pub fn resident_mb(pid: u32) -> f64 {
    let status = read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.map_or(0.0, |line| {
        super::http::number(line.as_bytes()) as f64 * 1024.0 / 1e6
    })
}
