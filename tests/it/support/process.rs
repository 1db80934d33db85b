//! A server process of its own, which a test may kill.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running `ragd serve`; killed with SIGKILL when it is dropped.
pub struct Process {
    child: Child,
    pub address: String,
    pub token: String,
}

impl Process {
    /// Starts a server over `folder` with these variables of the environment, and none of the test's
    /// own addresses; returns when it listens.
    pub fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::launch(folder, variables, &["serve", "--port", "0"])
    }

    /// The same, listening where the variables say.
    pub fn start_where_configured(folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::launch(folder, variables, &["serve"])
    }

    fn launch(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ragd"));
        for name in ["QDRANT_URL", "DATABASE_URL", "REDIS_URL"] {
            command.env_remove(name);
        }
        let mut child = command
            .args(arguments)
            .env("DATA_DIR", folder)
            .env("API_KEY", "process-key-0123456789abcdef")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let address = line.split_once("listens on ")?.1;
            Some(address.split([' ', '"']).next()?.to_owned())
        });
        // Whoever writes to a pipe that nobody reads stops.
        std::thread::spawn(move || lines.for_each(drop));
        let token = std::fs::read_to_string(folder.join("local.token")).unwrap();
        Self {
            child,
            address: address.expect("the server did not say where it listens"),
            token: token.trim().to_owned(),
        }
    }

    /// What a route answers.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let client = ragd::outbound::api_client().unwrap();
        let request = client.get(format!("{}{path}", self.address));
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Sends a text in; returns the answer, or `None` when the process ended meanwhile.
    pub async fn send(&self, title: &str, text: &str) -> Option<Value> {
        let client = ragd::outbound::api_client().unwrap();
        let request = client
            .post(format!("{}/api/documents", self.address))
            .bearer_auth(&self.token)
            .json(&serde_json::json!({ "title": title, "text": text }));
        request.send().await.ok()?.json().await.ok()
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        let tasks = format!("/proc/{}/task", self.child.id());
        std::fs::read_dir(tasks).unwrap().count()
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(self) {
        drop(self);
    }

    /// Waits until the process has ended by itself.
    pub fn ends(&mut self) {
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}
