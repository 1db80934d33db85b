//! The connection to a Qdrant server: every call with a deadline, every failure as one of our
//! errors. A server that is not there, does not answer or refuses the key is one kind of failure,
//! whose message has the words that operators look for.

use super::settings::ServerSettings;
use qdrant_client::{Qdrant, QdrantError};
use ragd_core::error::{Error, ErrorKind, Result};
use secrecy::ExposeSecret;
use std::time::Duration;

/// The machine-readable code of an error that says that the server cannot be reached.
pub const CODE_UNREACHABLE: &str = "vector_store_unavailable";
/// What operators look for in logs.
const UNREACHABLE: &str = "Failed to connect to Qdrant";
/// Connections that are open at once; each carries many requests.
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

/// A connection; made when it is first used, and again when it broke.
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
    /// `Invalid` when the address is none.
    pub fn new(settings: &ServerSettings) -> Result<Self> {
        let mut config = Qdrant::from_url(settings.address.as_str())
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            // It would print to standard output, and wait for the server.
            .skip_compatibility_check();
        config.set_pool_size(CONNECTIONS);
        if let Some(key) = &settings.api_key {
            config.set_api_key(key.expose_secret());
        }
        let client = config
            .build()
            .map_err(|error| Error::invalid("QDRANT_URL: not an address").with_source(error))?;
        Ok(Self {
            client,
            timeout: settings.timeout,
            address: settings.address.to_string(),
        })
    }

    /// The client, for a request that is given to [`Connection::call`].
    pub fn client(&self) -> &Qdrant {
        &self.client
    }

    /// The deadline of a request, as the server is told it.
    pub fn timeout_seconds(&self) -> u64 {
        self.timeout.as_secs().max(1)
    }

    /// Awaits a request's answer until the deadline.
    ///
    /// # Errors
    /// `Unavailable`, code [`CODE_UNREACHABLE`], when there is no answer or it refuses the key;
    /// `NotFound` and `Conflict` when what is named is not there, or is there already; `Upstream`
    /// when the server fails.
    pub async fn call<T>(
        &self,
        request: impl Future<Output = Result<T, QdrantError>>,
    ) -> Result<T> {
        // Boxed: the client's futures are large, and every caller would carry them.
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
        // The status' own text: the error's has the headers, which nobody needs.
        let said = status.message().to_owned();
        match i32::from(status.code()) {
            code::NOT_FOUND => Error::not_found("the vector store has no such collection"),
            code::ALREADY_EXISTS => {
                Error::new(ErrorKind::Conflict, "the collection exists already")
            }
            code::INVALID_ARGUMENT if said.contains("already exists") => {
                Error::new(ErrorKind::Conflict, "the collection exists already")
            }
            code::INVALID_ARGUMENT | code::FAILED_PRECONDITION => {
                Error::internal("the vector store refused a request")
            }
            code::UNAUTHENTICATED | code::PERMISSION_DENIED => {
                return self.unreachable(format!("it refuses QDRANT_API_KEY ({said})"));
            }
            code::INTERNAL if !is_of_transport(&said) => {
                Error::new(ErrorKind::Upstream, "the vector store failed")
            }
            _ => return self.unreachable(said),
        }
        .with_source(said)
    }

    fn unreachable(&self, why: impl std::fmt::Display) -> Error {
        Error::unavailable(UNREACHABLE)
            .with_code(CODE_UNREACHABLE)
            .with_source(format!("{}: {why}", self.address))
    }
}

/// Whether the client says this of the connection rather than the server of itself; both come as
/// code 13.
fn is_of_transport(said: &str) -> bool {
    [
        "Failed to connect to",
        "h2 protocol error",
        "http2 error",
        "transport error",
    ]
    .iter()
    .any(|words| said.contains(words))
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.address)
    }
}
