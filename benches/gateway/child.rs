//! ragd as a process of its own on a core of its own, with nothing of this process' environment but
//! what finding programs and files needs. It is killed when its handle goes.

use super::client::API_KEY;
use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use tempfile::TempDir;

/// How long it may take until it listens.
const START: Duration = Duration::from_secs(60);
/// Between two looks at its log: a pipe holds 64 KB, and a look at every line would take time from
/// the core that measures.
const LOOK: Duration = Duration::from_millis(2);

/// A running ragd.
#[derive(Debug)]
pub struct Ragd {
    process: Child,
    pub address: SocketAddr,
    _folder: TempDir,
}

impl Ragd {
    /// Starts it on `core` (absent: on any), with `upstream` as its LLM, and waits until it listens.
    pub fn start(upstream: SocketAddr, core: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program =
            std::env::var("RAGD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_ragd").to_owned());
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", core, &program]);
                command
            }
            None => Command::new(program),
        };
        command.env_clear();
        for name in ["PATH", "HOME", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        let mut process = command
            .args(["serve", "--host", "127.0.0.1", "--port", "0"])
            .current_dir(folder.path())
            .env("DATA_DIR", folder.path())
            .env("API_KEY", API_KEY)
            .env("EMBEDDING_PROVIDER", "off")
            .env("LLM_PROVIDER", "openai")
            .env("OPENAI_BASE_URL", format!("http://{upstream}/v1"))
            .env("OPENAI_API_KEY", "sk-x")
            .env("OPENAI_MODEL", "bench-model")
            .env("LOG_LEVEL", "info")
            .env("LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ragd starts");
        let log = process.stdout.take().expect("its log");
        let (sender, receiver) = channel();
        std::thread::spawn(move || drain(log, &sender));
        // Made before the wait, so that a ragd that never listens is killed as well.
        let mut ragd = Self {
            process,
            address: upstream,
            _folder: folder,
        };
        let listening = receiver.recv_timeout(START);
        ragd.address = listening.expect("ragd says within a minute that it listens");
        ragd
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Ragd {
    fn drop(&mut self) {
        // One that has ended already has nothing to be killed.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Reads the log until its end, says where it listens, and forgets the rest; a log that ends before
/// that is shown.
fn drain(mut log: ChildStdout, listening: &Sender<SocketAddr>) {
    let mut buffer = vec![0; 64 << 10];
    let mut start = Some(String::new());
    while let Ok(read) = log.read(&mut buffer)
        && read > 0
    {
        if let Some(text) = &mut start {
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            if let Some(address) = address_in(text) {
                start = None;
                let _gone = listening.send(address);
            }
        } else {
            std::thread::sleep(LOOK);
        }
    }
    if let Some(text) = start {
        println!("ragd ended before it listened:\n{text}");
    }
}

fn address_in(text: &str) -> Option<SocketAddr> {
    let (_, after) = text.split_once("listens on http://")?;
    let end = after.find(|sign: char| !(sign.is_ascii_digit() || ".:".contains(sign)))?;
    after[..end].parse().ok()
}
