//! A log file that is renamed (`app.log` → `app.log.1` → …) when it has grown large, so that a
//! fixed name can always be read and the disk does not fill.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

const MAX_BYTES: u64 = 64 * 1024 * 1024;
const KEPT_FILES: u32 = 5;

/// A file that appends and rotates; clones write to the same file.
#[derive(Debug, Clone)]
pub(super) struct RotatingFile(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl RotatingFile {
    /// Opens `name` in `folder`, which is made when it is missing.
    pub(super) fn open(folder: &Path, name: &str) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(name);
        let file = append_to(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(Inner { path, file, bytes }))))
    }

    /// Appends one whole line.
    pub(super) fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.bytes > MAX_BYTES {
            inner.rotate()?;
        }
        inner.file.write_all(line)?;
        inner.bytes += line.len() as u64;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A file is still a file if a thread died while it wrote a line.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Write for RotatingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_line(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().file.flush()
    }
}

impl Inner {
    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..KEPT_FILES).rev() {
            let from = self.numbered(number);
            if from.exists() {
                std::fs::rename(from, self.numbered(number + 1))?;
            }
        }
        std::fs::rename(&self.path, self.numbered(1))?;
        self.file = append_to(&self.path)?;
        self.bytes = 0;
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
