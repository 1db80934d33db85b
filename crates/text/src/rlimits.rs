//! The resource limits that a child process sets for itself before it reads anything.

use rustix::process::{Resource, Rlimit, setrlimit};

/// The resource limits of a process.
pub(super) struct ResourceLimits {
    /// The size of its address space.
    pub(super) memory_bytes: u64,
    /// Its processor time; at least one second is allowed.
    pub(super) cpu_seconds: u64,
    /// The size of a file that it writes.
    pub(super) file_bytes: u64,
    /// How many files it may have open.
    pub(super) open_files: u64,
}

impl ResourceLimits {
    /// Sets the limits for this process and all that it starts. Core dumps are switched off.
    pub(super) fn apply(&self) -> rustix::io::Result<()> {
        let both = |limit: u64| Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        setrlimit(Resource::As, both(self.memory_bytes))?;
        // The soft limit sends SIGXCPU, which tells the cause; the hard one SIGKILL, which does
        // not.
        let processor = Rlimit {
            current: Some(self.cpu_seconds.max(1)),
            maximum: Some(self.cpu_seconds.max(1) + 1),
        };
        setrlimit(Resource::Cpu, processor)?;
        setrlimit(Resource::Core, both(0))?;
        setrlimit(Resource::Fsize, both(self.file_bytes))?;
        setrlimit(Resource::Nofile, both(self.open_files))
    }
}
