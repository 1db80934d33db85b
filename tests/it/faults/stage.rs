//! Where cases are played: a whole application, the provider under test, and one that stands in and
//! always answers. The clock stands still unless a case moves it, so that every rest is exact.

use super::case::{Case, Part, Setting};
use super::script::{TOKENS, request};
use super::table::Way;
use crate::support::app::TestApp;
use crate::support::scripted;
use crate::support::until::until;
use chrono::DateTime;
use ragd::clock::Clock;
use ragd::provider::{MemberSnapshot, Overrides};
use ragd::stub_llm::{Reply, ScriptedServer, Wire};
use reqwest::header::HeaderMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;

/// What the provider that stands in answers.
pub const STAND_IN: [&str; 2] = ["Groq says", " eleven months."];
/// The model of the provider under test.
const MODEL: &str = "under-test";
/// How long a case may take in all.
pub const PATIENCE: Duration = Duration::from_secs(25);
/// Long enough for a minute's window to be empty again.
const A_MINUTE: Duration = Duration::from_secs(61);

/// What a client was sent.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

pub struct Stage {
    pub app: TestApp,
    pub clock: Clock,
    pub tested: ScriptedServer,
    pub stand_in: ScriptedServer,
    /// The names of both providers.
    pub names: (&'static str, &'static str),
    /// How many clients have left the provider under test.
    pub left: usize,
    _road: Road,
}

/// A way to an upstream, as it is for as long as this is there.
struct Road {
    url: String,
    /// What keeps it broken.
    _keeping: JoinSet<()>,
}

impl Stage {
    pub async fn open(setting: Setting) -> Self {
        let (tested, stand_in) = (scripted::start().await, scripted::start().await);
        stand_in.compute(|request| match request.body["stream"].as_bool() {
            Some(true) => Reply::stream(&STAND_IN),
            _ => Reply::answer(&STAND_IN.concat()),
        });
        tested.set_default(setting.wire.answer(&TOKENS.concat()));
        let road = match setting.way {
            Some(way) => broken(way).await,
            None => Road {
                url: tested.base_url(),
                _keeping: JoinSet::new(),
            },
        };
        let names = match (setting.wire, setting.part) {
            (_, Part::OwnLimit) => ("groq", "openai"),
            (Wire::OpenAi, _) => ("openai", "groq"),
            (Wire::Anthropic, _) => ("anthropic", "groq"),
            (Wire::Gemini, _) => ("google", "groq"),
        };
        let mut variables = of_provider(names.0, &road.url, MODEL);
        variables.extend(of_provider(names.1, &stand_in.base_url(), "stands-in"));
        variables.extend(of_setting(&setting, names.0));
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let clock = Clock::manual(DateTime::from_timestamp(1_767_000_000, 0).unwrap());
        let app = TestApp::spawn_with(&variables, clock.clone()).await;
        Self {
            app,
            clock,
            tested,
            stand_in,
            names,
            left: 0,
            _road: road,
        }
    }

    /// Checks that no job is left.
    pub async fn finish(&self) {
        self.app.finish().await;
    }

    /// Forgets what happened: the next case begins as the first one did.
    pub fn reset(&self) {
        self.clock.advance(A_MINUTE);
        let now = self.clock.now();
        let names = [self.names.0, self.names.1];
        self.app.app.router().apply_overrides(Overrides {
            resets: names.map(|name| (name.to_owned(), now)).into(),
            ..Overrides::default()
        });
    }

    /// A request for the provider under test.
    pub fn request(&self, stream: bool) -> reqwest::RequestBuilder {
        let model = format!("{}/{MODEL}", self.names.0);
        self.app
            .post("/v1/chat/completions")
            .bearer_auth(self.app.api_key)
            .json(&request(&model, stream))
    }

    /// Sends it, and reads all that comes.
    pub async fn ask(&self, stream: bool) -> Seen {
        let answer = self.request(stream).send().await.unwrap();
        Seen {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    /// How many calls both upstreams have had.
    pub fn calls(&self) -> (usize, usize) {
        (self.tested.requests().len(), self.stand_in.requests().len())
    }

    /// How a provider is now.
    pub fn snapshot(&self, name: &str) -> MemberSnapshot {
        let member = self.app.app.router().member(name).unwrap();
        member.snapshot(self.clock.now())
    }

    /// Waits until the provider under test has been called `count` times in all.
    pub async fn called(&self, count: usize) {
        let what = format!("call {count} of the provider under test");
        until(&what, PATIENCE, || async {
            self.tested.requests().len() >= count
        })
        .await;
    }

    /// Scripts what the provider under test does for `case`.
    pub fn script(&self, case: &Case) {
        if let Some(reply) = super::script::reply(case) {
            self.tested.queue(reply);
        }
    }
}

fn of_provider(name: &str, url: &str, model: &str) -> Vec<(String, String)> {
    let prefix = name.to_uppercase();
    let of = |field: &str, value: &str| (format!("{prefix}_{field}"), value.to_owned());
    vec![
        of("BASE_URL", url),
        of("API_KEY", "sk-scripted"),
        of("MODEL", model),
    ]
}

fn of_setting(setting: &Setting, provider: &str) -> Vec<(String, String)> {
    let limit = if setting.part == Part::OwnLimit { 1 } else { 0 };
    let timers = setting.timers;
    let numbers = [
        ("LLM_RETRIES", 0),
        ("LLM_FIRST_CONTENT_TIMEOUT_SECONDS", timers.first_content),
        ("LLM_IDLE_TIMEOUT_SECONDS", timers.idle),
        ("LLM_TOTAL_TIMEOUT_SECONDS", timers.total),
        ("LLM_GROQ_REQUESTS_PER_MINUTE", limit),
    ];
    let numbers = numbers.map(|(name, number)| (name.to_owned(), number.to_string()));
    let provider = ("LLM_PROVIDER".to_owned(), provider.to_owned());
    numbers.into_iter().chain([provider]).collect()
}

async fn broken(way: Way) -> Road {
    let anywhere = "127.0.0.1:0";
    let mut keeping = JoinSet::new();
    let url = match way {
        Way::NoName => "http://ragd-is-nobody.invalid/v1".to_owned(),
        Way::Refused => {
            // Bound, so that nobody else gets the port, and not listening.
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(anywhere.parse().unwrap()).unwrap();
            let address = socket.local_addr().unwrap();
            keeping.spawn(keep(socket));
            format!("http://{address}/v1")
        }
        Way::NoTls => {
            let listener = TcpListener::bind(anywhere).await.unwrap();
            let address = listener.local_addr().unwrap();
            keeping.spawn(speak_plainly(listener));
            format!("https://{address}/v1")
        }
        Way::Slow => {
            // The system makes the connection, and nobody takes it.
            let listener = TcpListener::bind(anywhere).await.unwrap();
            let address = listener.local_addr().unwrap();
            keeping.spawn(keep(listener));
            format!("https://{address}/v1")
        }
    };
    Road {
        url,
        _keeping: keeping,
    }
}

async fn keep<T>(_kept: T) {
    std::future::pending::<()>().await;
}

/// Answers whatever comes as a server of plain HTTP does.
async fn speak_plainly(listener: TcpListener) {
    while let Ok((mut socket, _)) = listener.accept().await {
        let mut hello = [0; 4_096];
        let _heard = socket.read(&mut hello).await;
        let _said = socket
            .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            .await;
    }
}
