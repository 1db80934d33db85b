//! The connection to a Qdrant server: every call has a deadline, and every failure becomes an error
//! of ragd. A server that cannot be reached, does not answer or refuses the key is one kind of
//! failure, with a message that operators can search for.

use super::settings::ServerSettings;
use qdrant_client::{Qdrant, QdrantError};
use ragd_core::error::{Error, ErrorKind, Result};
use secrecy::ExposeSecret;
use std::time::Duration;

/// The machine-readable code of errors about a server that cannot be reached.
pub const CODE_UNREACHABLE: &str = "vector_store_unavailable";
/// The message that operators search for in logs.
const UNREACHABLE: &str = "Failed to connect to Qdrant";
/// The size of the connection pool; each connection carries many requests.
const CONNECTIONS: usize = 4;

/// gRPC's status codes, as the protocol numbers them.
mod code {
    pub(super) const NOT_FOUND: i32 = 5;
    pub(super) const ALREADY_EXISTS: i32 = 6;
    pub(super) const INVALID_ARGUMENT: i32 = 3;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const FAILED_PRECONDITION: i32 = 9;
    pub(super) const INTERNAL: i32 = 13;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

/// A connection; opened at the first request, and again after it was lost.
#[derive(Clone)]
pub(super) struct Connection {
    client: Qdrant,
    timeout: Duration,
    address: String,
}

impl Connection {
    /// A connection to the settings' server, which is not contacted yet.
    ///
    /// # Errors
    /// `Invalid` when the address is malformed.
    pub fn new(settings: &ServerSettings) -> Result<Self> {
        let mut config = Qdrant::from_url(settings.address.as_str())
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            // The check would print to standard output and wait for the server.
            .skip_compatibility_check();
        config.set_pool_size(CONNECTIONS);
        if let Some(key) = &settings.api_key {
            config.set_api_key(key.expose_secret());
        }
        let client = config
            .build()
            .map_err(|error| Error::invalid("QDRANT_URL: is malformed").with_source(error))?;
        Ok(Self {
            client,
            timeout: settings.timeout,
            address: settings.address.to_string(),
        })
    }

    /// The client, to make the request for [`Connection::call`].
    pub fn client(&self) -> &Qdrant {
        &self.client
    }

    /// The timeout that requests give to the server, in seconds.
    pub fn timeout_seconds(&self) -> u64 {
        self.timeout.as_secs().max(1)
    }

    /// Waits for the answer to a request until the deadline.
    ///
    /// # Errors
    /// `Unavailable`, code [`CODE_UNREACHABLE`], when there is no answer or the key is refused;
    /// `NotFound` and `Conflict` when a collection does not exist, or exists already; `Upstream`
    /// when the server fails.
    pub async fn call<T>(
        &self,
        request: impl Future<Output = Result<T, QdrantError>>,
    ) -> Result<T> {
        // Boxed because the client's futures are large and would be part of every caller's future.
        match tokio::time::timeout(self.timeout, Box::pin(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.failure(error)),
            Err(_) => {
                Err(self.unreachable(format!("no answer within {} ms", self.timeout.as_millis())))
            }
        }
    }

    fn failure(&self, error: QdrantError) -> Error {
        let (QdrantError::ResponseError { status }
        | QdrantError::ResourceExhaustedError { status, .. }) = &error
        else {
            return Error::internal("the vector store's answer cannot be read").with_source(error);
        };
        // The status' own message: the error's includes the headers, which are of no use.
        let message = status.message().to_owned();
        match i32::from(status.code()) {
            code::NOT_FOUND => Error::not_found("the vector store has no such collection"),
            code::ALREADY_EXISTS => {
                Error::new(ErrorKind::Conflict, "the collection exists already")
            }
            code::INVALID_ARGUMENT if message.contains("already exists") => {
                Error::new(ErrorKind::Conflict, "the collection exists already")
            }
            code::INVALID_ARGUMENT | code::FAILED_PRECONDITION => {
                Error::internal("the vector store refused a request")
            }
            code::UNAUTHENTICATED | code::PERMISSION_DENIED => {
                return self.unreachable(format!("it refuses QDRANT_API_KEY ({message})"));
            }
            code::INTERNAL if !is_of_transport(&message) => {
                Error::new(ErrorKind::Upstream, "the vector store failed")
            }
            _ => return self.unreachable(message),
        }
        .with_source(message)
    }

    fn unreachable(&self, why: impl std::fmt::Display) -> Error {
        Error::unavailable(UNREACHABLE)
            .with_code(CODE_UNREACHABLE)
            .with_source(format!("{}: {why}", self.address))
    }
}

/// Whether the message is the client's, about the connection, and not the server's; both have code
/// 13.
fn is_of_transport(message: &str) -> bool {
    [
        "Failed to connect to",
        "h2 protocol error",
        "http2 error",
        "transport error",
    ]
    .iter()
    .any(|text| message.contains(text))
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.address)
    }
}
