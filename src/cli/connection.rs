//! Connects a command to the application: to the server that runs on the data folder, with the token in
//! that folder, or else to a server of the command's own on a free loopback port.

use super::context::Context;
use super::output;
use ragd_core::clock::Clock;
use ragd_core::error::{Error, ErrorKind, Result};
use ragd_core::outbound;
use ragd_service::app::{App, DataFolder, OpenedApp};
use ragd_service::auth::LOCAL_TOKEN_FILE;
use ragd_service::config::{Config, Role};
use ragd_service::secret::SecretFile;
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A connection to the application.
pub(super) struct Connection {
    http: Client,
    address: String,
    token: SecretString,
    own: Option<OwnServer>,
}

struct OwnServer {
    opened: OpenedApp,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<Result<()>>,
    working: TaskTracker,
}

impl Connection {
    /// As [`Connection::open`], for a command that needs jobs to run: a server of its own has workers.
    pub(super) async fn open_to_work(context: Context) -> Result<Self> {
        Self::open_as(context, Role::All).await
    }

    /// Connects to the server that runs on the data folder, or opens the folder.
    pub(super) async fn open(context: Context) -> Result<Self> {
        Self::open_as(context, Role::Api).await
    }

    async fn open_as(context: Context, role: Role) -> Result<Self> {
        let folder = DataFolder::of(&context.config);
        match folder.running() {
            Some(server) => match server.address {
                Some(address) => {
                    let token = SecretFile::new(folder.root(), LOCAL_TOKEN_FILE).load()?;
                    let token = token.ok_or_else(|| {
                        Error::unavailable("the running server has not written its token yet")
                    })?;
                    Ok(Self {
                        http: outbound::api_client()?,
                        address,
                        token,
                        own: None,
                    })
                }
                None => Err(Error::new(
                    ErrorKind::Conflict,
                    format!(
                        "process {} is using '{}' (DATA_DIR) and offers no address yet",
                        server.pid,
                        folder.root().display()
                    ),
                )),
            },
            // Boxed: the future holds a whole application.
            None => Box::pin(Self::open_own(context.config, role)).await,
        }
    }

    async fn open_own(mut config: Config, role: Role) -> Result<Self> {
        // The command decides whether its own server works on jobs, not the configuration.
        config.jobs.role = role;
        config.jobs.lanes.clear();
        let opened = open_app(config).await?;
        output::print_notices(&opened.notices);
        opened.app.catch_up().await?;
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|error| Error::unavailable("no free port").with_source(error))?;
        let address = listener
            .local_addr()
            .map_err(|error| Error::unavailable("no free port").with_source(error))?;
        let token = SecretFile::new(opened.app.folder().root(), LOCAL_TOKEN_FILE)
            .load()?
            .ok_or_else(|| Error::internal("the local token is missing"))?;
        let stop = CancellationToken::new();
        let working = ragd_service::jobs::start(&opened.app, &stop);
        let serving = tokio::spawn(ragd_http::serve(opened.app.clone(), listener, stop.clone()));
        Ok(Self {
            http: outbound::api_client()?,
            address: format!("http://{address}"),
            token,
            own: Some(OwnServer {
                opened,
                stop,
                serving,
                working,
            }),
        })
    }

    /// A request with the local token.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.address))
            .bearer_auth(self.token.expose_secret())
    }

    /// A GET with parameters, which may hold any text.
    pub(super) fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<RequestBuilder> {
        let url = Url::parse_with_params(&format!("{}{path}", self.address), parameters)
            .map_err(|error| Error::internal("the address is not a URL").with_source(error))?;
        Ok(self.http.get(url).bearer_auth(self.token.expose_secret()))
    }

    /// Sends a request and reads the answer's JSON.
    ///
    /// # Errors
    /// The error of the answer.
    pub(super) async fn json(&self, request: RequestBuilder) -> Result<Value> {
        let (_, body) = self.answer(request).await?;
        body
    }

    /// As [`Connection::json`], with the status, whatever it is.
    pub(super) async fn answer(&self, request: RequestBuilder) -> Result<(u16, Result<Value>)> {
        let response = request
            .send()
            .await
            .map_err(|error| Error::unavailable("the server does not answer").with_source(error))?;
        let status = response.status().as_u16();
        Ok((status, body_of(response).await))
    }

    /// Closes the connection, and a server of its own; the index is durable already.
    pub(super) async fn close(self) {
        let Some(own) = self.own else { return };
        own.stop.cancel();
        own.working.wait().await;
        // The pooled connection would keep the server waiting for its next request.
        drop(self.http);
        let _ended = own.serving.await;
        own.opened.app.close().await;
    }
}

/// Opens the application with the system's clock; this binary also reads documents in child processes.
pub(super) async fn open_app(config: Config) -> Result<OpenedApp> {
    App::open(config, Clock::system(), this_program()?).await
}

/// As [`open_app`]; the stored vectors may be of another model.
pub(super) async fn open_to_reembed(config: Config) -> Result<OpenedApp> {
    App::open_to_reembed(config, Clock::system(), this_program()?).await
}

fn this_program() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| {
        Error::internal("the path of this program is not known").with_source(error)
    })
}

async fn body_of(response: Response) -> Result<Value> {
    let status = response.status();
    let text = response
        .text()
        .await
        .map_err(|error| Error::unavailable("the answer was cut off").with_source(error))?;
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(body);
    }
    let detail = body.get("detail").and_then(Value::as_str);
    let detail = detail.map_or_else(|| format!("the server answers {status}"), str::to_owned);
    let kind = match status.as_u16() {
        400 | 422 => ErrorKind::Invalid,
        404 => ErrorKind::NotFound,
        413 => ErrorKind::TooLarge,
        503 => ErrorKind::Unavailable,
        _ => ErrorKind::Upstream,
    };
    Err(Error::new(kind, detail))
}
