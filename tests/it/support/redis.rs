//! The Redis of the tests. `TEST_REDIS_URL` names one on which tests may keep keys, each under a
//! prefix of its own. Without it they fail; they are never skipped.

use redis::aio::MultiplexedConnection;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Where the Redis is.
pub fn url() -> String {
    std::env::var("TEST_REDIS_URL").expect(
        "TEST_REDIS_URL is not set: it must name a Redis server on which tests may keep keys \
         (scripts/test.sh starts one and sets it)",
    )
}

/// A prefix that no other test has.
pub fn prefix() -> String {
    format!("ragd-test-{}", Uuid::new_v4().simple())
}

/// A connection past the cache, to look or to get in the way.
pub async fn connection() -> MultiplexedConnection {
    let client = redis::Client::open(url()).expect("TEST_REDIS_URL is not a Redis URL");
    client
        .get_multiplexed_async_connection()
        .await
        .expect("TEST_REDIS_URL: cannot connect")
}

/// The keys that match, with their values.
pub async fn held(pattern: &str) -> Vec<(String, Vec<u8>)> {
    let mut connection = connection().await;
    let mut keys: Vec<String> = redis::cmd("KEYS")
        .arg(pattern)
        .query_async(&mut connection)
        .await
        .unwrap();
    keys.sort();
    let mut held = Vec::new();
    for key in keys {
        let mut get = redis::cmd("GET");
        let value = get.arg(&key).query_async(&mut connection).await.unwrap();
        held.push((key, value));
    }
    held
}

/// A way to the Redis that a test can cut and repair again.
pub struct Wire {
    address: SocketAddr,
    whole: Arc<watch::Sender<bool>>,
    listening: JoinHandle<()>,
}

impl Wire {
    /// A whole wire on a port of its own.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let whole = Arc::new(watch::Sender::new(true));
        let server = url();
        let server = server.trim_start_matches("redis://").trim_end_matches('/');
        let listening = tokio::spawn(relay(listener, server.to_owned(), Arc::clone(&whole)));
        Self {
            address,
            whole,
            listening,
        }
    }

    /// Its address, as `REDIS_URL` wants it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Drops every connection, and each that comes.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections through again.
    pub fn repair(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn relay(listener: TcpListener, server: String, whole: Arc<watch::Sender<bool>>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let mut whole = whole.subscribe();
        let server = server.clone();
        tokio::spawn(async move {
            if !*whole.borrow() {
                return;
            }
            let Ok(mut server) = TcpStream::connect(server).await else {
                return;
            };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = whole.wait_for(|whole| !whole) => {}
            }
        });
    }
}
