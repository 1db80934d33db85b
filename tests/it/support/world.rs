//! A whole application in front of scripted providers: what most tests of routes begin with.

use super::app::TestApp;
use super::redis;
use super::scripted;
use super::sse::{self, EventReader};
use super::until::{SOON, until};
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::stub_llm::ScriptedServer;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::OnceCell;

/// The one document of a [`World`] that has one.
pub const TEXT: &str = "The guarantee of the espresso machine lasts twenty-seven months.";
/// What [`TEXT`] answers.
pub const QUESTION: &str = "How long does the guarantee of the espresso machine last?";
/// An answer from [`TEXT`].
pub const ANSWER: &str = "The guarantee lasts twenty-seven months [1].";

/// What a [`World`] begins with: `openai` as its only provider, the system's clock, no document.
pub struct Setup {
    has_groq: bool,
    has_document: bool,
    clock: Clock,
    variables: Vec<(String, String)>,
}

impl Setup {
    pub fn new() -> Self {
        Self {
            has_groq: false,
            has_document: false,
            clock: Clock::system(),
            variables: Vec::new(),
        }
    }

    /// With a second provider, `groq`.
    pub fn with_groq(self) -> Self {
        Self {
            has_groq: true,
            ..self
        }
    }

    /// With [`TEXT`] as its one document.
    pub fn with_document(self) -> Self {
        Self {
            has_document: true,
            ..self
        }
    }

    /// With a clock that stands still unless the test moves it.
    pub fn with_standing_clock(self) -> Self {
        let start = DateTime::from_timestamp(1_767_000_000, 0).unwrap();
        Self {
            clock: Clock::manual(start),
            ..self
        }
    }

    /// With more variables of the environment; a later value of a variable overrides an earlier one.
    pub fn set(mut self, variables: &[(&str, &str)]) -> Self {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.variables.extend(owned);
        self
    }

    /// Starts the providers, without a script, and the application.
    pub async fn start(self) -> World {
        let (openai, groq) = (scripted::start().await, scripted::start().await);
        let prefix = redis::prefix();
        let mut given = vec![
            ("OPENAI_BASE_URL", openai.base_url()),
            ("OPENAI_API_KEY", "sk-openai".to_owned()),
            ("REDIS_PREFIX", prefix.clone()),
        ];
        if self.has_groq {
            given.push(("GROQ_BASE_URL", groq.base_url()));
            given.push(("GROQ_API_KEY", "sk-groq".to_owned()));
        }
        let given = given
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let variables: Vec<(String, String)> = given.chain(self.variables).collect();
        let app = TestApp::spawn_with(&borrowed(&variables), self.clock.clone()).await;
        let world = World {
            app,
            openai,
            groq,
            clock: self.clock,
            prefix,
            variables,
            token: OnceCell::new(),
        };
        if self.has_document {
            world.take_in("guarantee.txt", TEXT).await;
        }
        world
    }
}

/// A running application, its providers and its clock.
pub struct World {
    pub app: TestApp,
    /// The default provider.
    pub openai: ScriptedServer,
    /// The second one, where [`Setup::with_groq`] asked for it.
    pub groq: ScriptedServer,
    pub clock: Clock,
    /// The prefix of its keys on a Redis server.
    pub prefix: String,
    variables: Vec<(String, String)>,
    token: OnceCell<String>,
}

impl World {
    /// An administrator's token, always the same one.
    pub async fn token(&self) -> &str {
        self.token.get_or_init(|| self.app.admin_token()).await
    }

    /// Starts the application again with its variables and these.
    pub async fn restart(self, more: &[(&str, &str)]) -> Self {
        let mut variables = borrowed(&self.variables);
        variables.extend(more);
        let app = self.app.restart(&variables).await;
        Self {
            app,
            token: OnceCell::new(),
            ..self
        }
    }

    /// A second process with the same variables, and a data folder of its own.
    pub async fn twin(&self) -> TestApp {
        TestApp::spawn_with(&borrowed(&self.variables), self.clock.clone()).await
    }

    /// Checks that no job is left; see [`TestApp::finish`].
    pub async fn finish(&self) {
        self.app.finish().await;
    }

    /// Takes a document in; the index has followed when this returns. Returns its id.
    pub async fn take_in(&self, name: &str, text: &str) -> String {
        let accepted = self.app.upload(self.token().await, name, text).await;
        self.app.app.follower().catch_up().await.unwrap();
        accepted["document_id"].as_str().unwrap().to_owned()
    }

    /// A JSON request in the name of the API key, as an SDK sends it: the key as a Bearer.
    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.app.post(path).bearer_auth(self.app.api_key);
        request.json(body)
    }

    /// A request that asks [`QUESTION`].
    pub fn question(&self) -> RequestBuilder {
        self.post("/chat", &json!({ "question": QUESTION }))
    }

    /// The status with which [`QUESTION`] is answered.
    pub async fn ask_for_status(&self) -> u16 {
        self.question().send().await.unwrap().status().as_u16()
    }

    /// What `/chat` answers; it must succeed.
    pub async fn ask(&self, body: &Value) -> Value {
        succeeded(self.post("/chat", body).send().await.unwrap()).await
    }

    /// What `/chat` answers to [`QUESTION`]; it must succeed.
    pub async fn ask_plainly(&self) -> Value {
        self.ask(&json!({ "question": QUESTION })).await
    }

    /// The stream that answers [`QUESTION`], as it comes.
    pub async fn begin_stream(&self) -> EventReader {
        let body = json!({ "question": QUESTION });
        EventReader::new(self.post("/chat/stream", &body).send().await.unwrap())
    }

    /// The names and data of the events of the stream that answers [`QUESTION`].
    pub async fn stream(&self) -> Vec<(String, Value)> {
        let body = json!({ "question": QUESTION });
        let answer = self.post("/chat/stream", &body).send().await.unwrap();
        sse::named(&answer.text().await.unwrap())
    }

    /// A figure of `/admin/stats`.
    pub async fn stats(&self, field: &str) -> i64 {
        let request = self.app.get("/admin/stats").bearer_auth(self.token().await);
        let stats = succeeded(request.send().await.unwrap()).await;
        stats[field].as_i64().unwrap()
    }

    /// How often the default provider was called.
    pub fn calls(&self) -> usize {
        self.openai.requests().len()
    }

    /// Returns when the default provider has been called `calls` times in all.
    pub async fn called(&self, calls: usize) {
        let what = format!("call {calls} of the provider");
        until(&what, SOON, || async { self.calls() >= calls }).await;
    }

    /// Returns what `work` returns, opening the gate of the default provider as often as it takes.
    pub async fn open_gate_until<T>(&self, what: &str, work: tokio::task::JoinHandle<T>) -> T {
        until(what, SOON, || async {
            self.openai.open_gate();
            work.is_finished()
        })
        .await;
        work.await.unwrap()
    }

    pub fn advance_ms(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }
}

/// The body of an answer that must be 200.
async fn succeeded(answer: Response) -> Value {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

fn borrowed(variables: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = variables.iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}
