//! A Qdrant server that tests may fill, where there is one: `QDRANT_URL` names it. Tests make their
//! own collections on it and delete them. Without it, what needs a server says so and is not run.

use super::skip::{Lack, skip};
use qdrant_client::Qdrant;
use ragd::index::{ServerAddress, ServerSettings, VectorSpace};
use std::time::Duration;
use uuid::Uuid;

/// The server's address; `None`, and the test is counted as skipped, when there is no server.
pub fn url() -> Option<String> {
    let url = std::env::var("QDRANT_URL")
        .ok()
        .filter(|url| !url.is_empty());
    if url.is_none() {
        skip(Lack::Qdrant);
    }
    url
}

/// Settings for an index of its own on the server at `url`.
pub fn settings(url: &str, space: Option<VectorSpace>) -> ServerSettings {
    ServerSettings {
        address: ServerAddress::parse(url).unwrap(),
        api_key: api_key().map(Into::into),
        timeout: Duration::from_secs(10),
        prefix: prefix(),
        space,
    }
}

/// A prefix that no other test has.
pub fn prefix() -> String {
    format!("ragd-test-{}", Uuid::new_v4().simple())
}

/// The server's key.
pub fn api_key() -> Option<String> {
    std::env::var("QDRANT_API_KEY")
        .ok()
        .filter(|key| !key.is_empty())
}

/// A way to the server past ragd, to look or to get in the way.
pub fn client(url: &str) -> Qdrant {
    let address = ServerAddress::parse(url).unwrap();
    let mut config = Qdrant::from_url(address.as_str())
        .timeout(Duration::from_secs(30))
        .skip_compatibility_check();
    if let Some(key) = api_key() {
        config.set_api_key(&key);
    }
    config.build().unwrap()
}

/// The names of the collections that begin with `prefix`, in order.
pub async fn collections(client: &Qdrant, prefix: &str) -> Vec<String> {
    let listed = client.list_collections().await.unwrap().collections;
    let mut names: Vec<String> = listed.into_iter().map(|one| one.name).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    names
}

/// The collection that `alias` names.
pub async fn named(client: &Qdrant, alias: &str) -> Option<String> {
    let aliases = client.list_aliases().await.unwrap().aliases;
    let found = aliases.into_iter().find(|one| one.alias_name == alias);
    found.map(|one| one.collection_name)
}
