//! Gauges that are measured when the metrics are scraped: memory, disk, connections.

use super::App;
use std::path::Path;
use walkdir::WalkDir;

impl App {
    /// Measures memory, disk and connections. Walks the data folder, so run it on a thread that may
    /// block.
    pub fn measure(&self) {
        let metrics = self.metrics();
        if let Some(bytes) = resident_bytes() {
            metrics.resident_memory.set(bytes);
        }
        if let Some(bytes) = memory_limit_bytes() {
            metrics.memory_limit.set(bytes);
        }
        if let Ok(disk) = rustix::fs::statvfs(self.folder().root()) {
            metrics
                .disk_free
                .set(disk.f_bavail as f64 * disk.f_frsize as f64);
        }
        let database = self.folder().database();
        let stores = [
            ("vectors", folder_bytes(self.folder().vectors())),
            ("blobs", folder_bytes(self.folder().blobs())),
            ("logs", folder_bytes(self.folder().logs())),
            (
                "database",
                file_bytes(&database) + file_bytes(&database.with_extension("db-wal")),
            ),
        ];
        for (store, bytes) in stores {
            metrics.storage_bytes.with_label_values(&[store]).set(bytes);
        }
        let (idle, used) = self.store().pool_counts();
        metrics
            .pool_connections
            .with_label_values(&["idle"])
            .set(i64::from(idle));
        metrics
            .pool_connections
            .with_label_values(&["used"])
            .set(i64::from(used));
    }
}

fn file_bytes(path: &Path) -> i64 {
    std::fs::metadata(path).map_or(0, |found| i64::try_from(found.len()).unwrap_or(i64::MAX))
}

fn folder_bytes(path: &Path) -> i64 {
    WalkDir::new(path)
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| file_bytes(entry.path()))
        .sum()
}

/// Resident memory, from the line `VmRSS` of `/proc/self/status` (proc(5)), in kilobytes there.
fn resident_bytes() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1_024.0)
}

/// The memory limit of this process's control group (version 2); `None` without one.
fn memory_limit_bytes() -> Option<f64> {
    std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()?
        .trim()
        .parse()
        .ok()
}
