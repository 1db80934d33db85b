//! Calls of models: a POST whose answer is read piece by piece. A plain `http` address is called with
//! hyper's pooled client, because a gateway's whole cost is this call; everything else (TLS, proxies)
//! with the general client. Neither follows a redirect nor repeats a request that was sent.

use super::{CONNECT_TIMEOUT, IDLE_CONNECTION_KEPT, TCP_KEEPALIVE, USER_AGENT, api_client};
use crate::error::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::Url;

/// Variables that send `http` calls through a proxy, which only the general client knows.
const PROXY_VARIABLES: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

type Plain = legacy::Client<HttpConnector, Full<Bytes>>;

/// A client for calls of models; cheap to clone, and clones share their connections.
#[derive(Debug, Clone)]
pub struct ModelClient {
    general: reqwest::Client,
    plain: Option<Plain>,
}

/// Where calls go.
#[derive(Debug, Clone)]
pub struct Target {
    url: Url,
    /// The same in the form of the plain client; `None` for what is not `http`.
    uri: Option<Uri>,
}

impl Target {
    /// An `http` or `https` address.
    pub fn new(url: Url) -> Self {
        let is_plain = url.scheme() == "http";
        let uri = is_plain.then(|| Uri::try_from(url.as_str()).ok());
        Self {
            uri: uri.flatten(),
            url,
        }
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// What went wrong with a call that got no answer, or lost it half way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFault {
    /// Name resolution, TCP or TLS failed: nothing was sent.
    Connect,
    /// The connection took too long.
    Timeout,
    /// The request could not be made.
    Unsendable,
    /// The connection broke off.
    Broken,
}

/// A call that failed below HTTP.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct CallError {
    /// What went wrong.
    pub fault: CallFault,
    /// The cause, for logs; it names no address.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// An upstream's answer, whose body is read piece by piece.
#[derive(Debug)]
pub enum Reply {
    /// Of the plain client.
    Plain(hyper::Response<hyper::body::Incoming>),
    /// Of the general client.
    General(reqwest::Response),
}

impl ModelClient {
    /// A client with no connection yet.
    ///
    /// # Errors
    /// `Internal` when the TLS stack cannot be set up.
    pub fn new() -> Result<Self> {
        let is_proxied = PROXY_VARIABLES
            .iter()
            .any(|name| std::env::var_os(name).is_some());
        Ok(Self {
            general: api_client()?,
            plain: (!is_proxied).then(plain),
        })
    }

    /// Sends `body` and returns the answer's head.
    ///
    /// # Errors
    /// [`CallError`] when there is no answer.
    pub async fn post(
        &self,
        target: &Target,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Reply, CallError> {
        if let (Some(client), Some(uri)) = (&self.plain, &target.uri) {
            let mut request = hyper::Request::new(Full::new(Bytes::from(body)));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = uri.clone();
            headers.insert(
                hyper::header::USER_AGENT,
                HeaderValue::from_static(USER_AGENT),
            );
            *request.headers_mut() = headers;
            return match client.request(request).await {
                Ok(response) => Ok(Reply::Plain(response)),
                Err(error) => Err(of_legacy(error)),
            };
        }
        let request = self.general.post(target.url.clone());
        let sent = request.headers(headers).body(body).send().await;
        sent.map(Reply::General).map_err(of_reqwest)
    }
}

impl Reply {
    /// The status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Plain(response) => response.status(),
            Self::General(response) => response.status(),
        }
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        match self {
            Self::Plain(response) => response.headers(),
            Self::General(response) => response.headers(),
        }
    }

    /// The next piece of the body; `None` at its proper end.
    ///
    /// # Errors
    /// [`CallError`] when the connection broke off before that.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        match self {
            Self::Plain(response) => loop {
                match response.body_mut().frame().await {
                    None => return Ok(None),
                    Some(Ok(frame)) => {
                        // What is no data is a trailer, which says nothing here.
                        if let Ok(data) = frame.into_data() {
                            return Ok(Some(data));
                        }
                    }
                    Some(Err(error)) => {
                        return Err(CallError {
                            fault: CallFault::Broken,
                            source: error.into(),
                        });
                    }
                }
            },
            Self::General(response) => response.chunk().await.map_err(of_reqwest),
        }
    }
}

fn plain() -> Plain {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    connector.set_keepalive(Some(TCP_KEEPALIVE));
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_CONNECTION_KEPT)
        .build(connector)
}

fn of_legacy(error: legacy::Error) -> CallError {
    let fault = if error.is_connect() {
        CallFault::Connect
    } else {
        CallFault::Broken
    };
    CallError {
        fault,
        source: error.into(),
    }
}

fn of_reqwest(error: reqwest::Error) -> CallError {
    let fault = if error.is_connect() || error.is_dns() {
        CallFault::Connect
    } else if error.is_timeout() {
        CallFault::Timeout
    } else if error.is_builder() {
        CallFault::Unsendable
    } else {
        CallFault::Broken
    };
    CallError {
        fault,
        source: error.without_url().into(),
    }
}
