//! The whole application over a real socket: a fresh data folder, SQLite, the embedded index, and
//! every document read by the ragd binary itself. No model, unless a test asks for one: words alone
//! find what these tests look for.

use super::until::{SOON, within};
use ragd::app::{App, OpenedApp};
use ragd::clock::Clock;
use ragd::config::{Config, Sources};
use ragd::domain::JobKind;
use ragd::error::{Error, Result};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use strum::VariantArray;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The configured API key of every test application.
pub const API_KEY: &str = "test-key-0123456789abcdef0123456789";
/// The administrator's password.
pub const PASSWORD: &str = "correct horse battery";

/// A configuration file, which the variable `RAGD_CONFIG` can name; gone when it is dropped.
pub fn config_file(content: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

/// A running application.
pub struct TestApp {
    pub base_url: String,
    pub client: Client,
    pub api_key: &'static str,
    pub app: App,
    pub folder: tempfile::TempDir,
    stop: CancellationToken,
    running: Vec<TaskTracker>,
    serving: Option<JoinHandle<Result<()>>>,
    /// Whether it was looked after its jobs, or the test has said that it leaves some.
    is_finished: AtomicBool,
    _opened: Box<dyn Send + Sync>,
}

impl TestApp {
    /// An application with the settings of a test.
    pub async fn spawn() -> Self {
        Self::spawn_with(&[], Clock::system()).await
    }

    /// An application whose configuration file has this content.
    pub async fn spawn_with_file(content: &str, clock: Clock) -> Self {
        let file = config_file(content);
        let path = file.path().display().to_string();
        Self::spawn_with(&[("RAGD_CONFIG", &path)], clock).await
    }

    /// An application with more variables of the environment, and its own clock.
    pub async fn spawn_with(variables: &[(&str, &str)], clock: Clock) -> Self {
        let opened = Self::open(variables, clock).await;
        opened.1.app.catch_up().await.unwrap();
        Self::serve(opened).await
    }

    /// The same, serving before the index is up to the database, as a real start does.
    pub async fn spawn_unsettled(variables: &[(&str, &str)]) -> Self {
        Self::serve(Self::open(variables, Clock::system()).await).await
    }

    async fn open(variables: &[(&str, &str)], clock: Clock) -> (tempfile::TempDir, OpenedApp) {
        let folder = tempfile::tempdir().unwrap();
        Self::open_in(folder, variables, clock).await.unwrap()
    }

    async fn open_in(
        folder: tempfile::TempDir,
        variables: &[(&str, &str)],
        clock: Clock,
    ) -> Result<(tempfile::TempDir, OpenedApp)> {
        let mut environment = HashMap::from([
            ("DATA_DIR".to_owned(), folder.path().display().to_string()),
            ("API_KEY".to_owned(), API_KEY.to_owned()),
            ("EMBEDDING_PROVIDER".to_owned(), "off".to_owned()),
            // A script is played to one call each; tests of retries switch them on.
            ("LLM_RETRIES".to_owned(), "0".to_owned()),
        ]);
        for (name, value) in variables {
            environment.insert((*name).to_owned(), (*value).to_owned());
        }
        let loaded = Config::load(&Sources {
            file: environment.get("RAGD_CONFIG").map(PathBuf::from),
            environment,
        });
        let program = PathBuf::from(env!("CARGO_BIN_EXE_ragd"));
        let opened = App::open(loaded?.config, clock, program).await?;
        Ok((folder, opened))
    }

    /// Why an application with these variables does not start.
    ///
    /// # Panics
    /// When it does start.
    pub async fn refused(variables: &[(&str, &str)]) -> Error {
        let folder = tempfile::tempdir().unwrap();
        match Self::open_in(folder, variables, Clock::system()).await {
            Ok(_) => panic!("it starts with {variables:?}"),
            Err(error) => error,
        }
    }

    async fn serve((folder, opened): (tempfile::TempDir, OpenedApp)) -> Self {
        let OpenedApp { app, lock, .. } = opened;
        let stop = CancellationToken::new();
        let running = vec![app.start(&stop), ragd::jobs::start(&app, &stop)];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(ragd::http::serve(app.clone(), listener, stop.clone()));
        let client = ragd::outbound::api_client().unwrap();
        let _opened = Box::new(lock);
        Self {
            base_url,
            client,
            api_key: API_KEY,
            app,
            folder,
            stop,
            running,
            serving: Some(serving),
            is_finished: AtomicBool::new(false),
            _opened,
        }
    }

    /// Ends the test of this application: every job that it began comes to an end.
    ///
    /// # Panics
    /// When one does not.
    pub async fn finish(&self) {
        self.leaving_jobs();
        let store = self.app.store();
        for kind in JobKind::VARIANTS {
            let what = format!("the end of every {} job", kind.as_str());
            within(&what, SOON, store.jobs_end(*kind)).await.unwrap();
        }
    }

    /// Says that jobs are left on purpose: nothing is checked at the end of this application.
    pub fn leaving_jobs(&self) {
        self.is_finished.store(true, Ordering::Release);
    }

    /// Ends the application as a shutdown does, and starts it again on the same folder.
    pub async fn restart(mut self, variables: &[(&str, &str)]) -> Self {
        self.leaving_jobs();
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            serving.await.unwrap().unwrap();
        }
        for tasks in std::mem::take(&mut self.running) {
            tasks.wait().await;
        }
        self.app.close().await;
        let clock = self.app.clock().clone();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        drop(self);
        let opened = Self::open_in(folder, variables, clock).await.unwrap();
        opened.1.app.catch_up().await.unwrap();
        Self::serve(opened).await
    }

    /// Waits until everything that was said can be found.
    pub async fn remembered(&self) {
        let store = self.app.store();
        store.jobs_end(JobKind::Message).await.unwrap();
    }

    /// Ends it as a server ends, so that another process can open its folder.
    pub async fn close(self) {
        self.finish().await;
        self.stop.cancel();
        self.app.close().await;
    }

    /// A request without a credential.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base_url))
    }

    /// A request without a credential.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.base_url))
    }

    /// A form, without a credential.
    pub fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let encode =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(pairs.join("&"))
    }

    /// A request without a credential.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.client.delete(format!("{}{path}", self.base_url))
    }

    /// The token of an administrator, who is made if necessary; older tokens end.
    pub async fn admin_token(&self) -> String {
        self.app
            .auth()
            .create_admin(&PASSWORD.into())
            .await
            .unwrap();
        let form = [("username", "admin"), ("password", PASSWORD)];
        let answer = self.post_form("/auth/token", &form).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// Sends a file in and waits until it can be found; returns the answer.
    pub async fn upload(&self, token: &str, name: &str, text: &str) -> Value {
        let file = reqwest::multipart::Part::text(text.to_owned()).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", file);
        let request = self
            .post("/api/documents/upload?wait=true")
            .bearer_auth(token);
        let answer = request.multipart(form).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(status, 201, "{body}");
        body
    }

    /// One series of `/metrics`, for instance `x_total{a="b"}`; 0 when it is not there.
    pub async fn metric(&self, series: &str) -> f64 {
        let text = self
            .get("/metrics")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// What the audit file says.
    pub fn audit_log(&self) -> String {
        std::fs::read_to_string(self.app.folder().logs().join("audit.log")).unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
        let is_finished = self.is_finished.load(Ordering::Acquire);
        assert!(
            is_finished || std::thread::panicking(),
            "a test ends with `finish`, or says that it is `leaving_jobs`"
        );
    }
}
