//! The index on a server beyond what every engine must do: what it leaves on the server, what it
//! makes of an interrupted switch, of a lost collection, of another database's names, of another
//! process; and, without any server, of one that is not there, says nothing or talks nonsense.

use super::corpus::{document, passage, points};
use super::space;
use crate::support::database::TestDatabase;
use crate::support::qdrant;
use qdrant_client::qdrant::CreateAlias;
use ragd::clock::Clock;
use ragd::error::ErrorKind;
use ragd::index::{
    CODE_FOLLOWED_ELSEWHERE, CODE_MISSING, CODE_MOVED, CODE_UNREACHABLE, Index, IndexFilter,
    Selector, ServerAddress, ServerSettings,
};
use ragd::indexing::SqlLedger;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// An index of its own on the server, with a ledger in a database of its own.
pub struct Scratch {
    pub index: Index,
    database: TestDatabase,
    settings: ServerSettings,
    client: qdrant_client::Qdrant,
}

impl Scratch {
    /// An empty index, open and in order; `None` without a server.
    pub async fn open() -> Option<Self> {
        let url = qdrant::url()?;
        let database = TestDatabase::sqlite().await;
        let settings = qdrant::settings(&url, Some(space()));
        let index = connect(&settings, &database).await;
        assert!(
            index.claim().await.expect("the ledger"),
            "nobody else is here"
        );
        index.ensure().await.expect("an empty index");
        Some(Self {
            index,
            database,
            settings,
            client: qdrant::client(&url),
        })
    }

    /// The same index as another process has it.
    async fn another(&self) -> Index {
        connect(&self.settings, &self.database).await
    }

    fn alias(&self) -> String {
        format!("{}-test-model-1-24", self.settings.prefix)
    }

    fn collection(&self, build: u64) -> String {
        format!("{}-{build}", self.alias())
    }

    async fn collections(&self) -> Vec<String> {
        qdrant::collections(&self.client, &self.settings.prefix).await
    }

    /// Deletes everything that the test left on the server.
    pub async fn close(self) {
        for name in self.collections().await {
            self.client.delete_collection(name).await.expect("deleted");
        }
        self.index.close().await;
    }
}

async fn connect(settings: &ServerSettings, database: &TestDatabase) -> Index {
    let store = database.store.clone();
    let ledger = SqlLedger::new(store, Clock::system(), settings.timeout);
    Index::connect(settings.clone(), Arc::new(ledger))
        .await
        .expect("a connection")
}

async fn count(index: &Index) -> usize {
    index.count(IndexFilter::default()).await.expect("a count")
}

#[tokio::test]
async fn one_collection_a_build_behind_one_alias() {
    let Some(scratch) = Scratch::open().await else {
        return;
    };
    let index = &scratch.index;
    assert_eq!(scratch.collections().await, [scratch.collection(1)]);
    index
        .upsert(points([&passage(1, 0, "heron")]))
        .await
        .expect("added");
    let rebuild = index
        .begin_rebuild(Some(space()), 9.0)
        .await
        .expect("begun");
    assert_eq!(
        scratch.collections().await,
        [scratch.collection(1), scratch.collection(2)]
    );
    rebuild
        .upsert(points([&passage(1, 0, "heron")]))
        .await
        .expect("added");
    rebuild.commit(3).await.expect("switched");
    assert_eq!(scratch.collections().await, [scratch.collection(2)]);
    assert_eq!(
        qdrant::named(&scratch.client, &scratch.alias()).await,
        Some(scratch.collection(2))
    );
    // What an interrupted rebuild leaves, the next one clears away.
    let abandoned = index
        .begin_rebuild(Some(space()), 9.0)
        .await
        .expect("begun");
    std::mem::forget(abandoned);
    index.release().await.expect("released");
    let next = scratch.another().await;
    assert!(next.claim().await.expect("the ledger"));
    let rebuild = next.begin_rebuild(Some(space()), 9.0).await.expect("begun");
    assert_eq!(
        scratch.collections().await,
        [scratch.collection(2), scratch.collection(4)]
    );
    rebuild.commit(4).await.expect("switched");
    assert_eq!(scratch.collections().await, [scratch.collection(4)]);
    scratch.close().await;
}

#[tokio::test]
async fn an_interrupted_switch_is_completed() {
    let Some(scratch) = Scratch::open().await else {
        return;
    };
    let index = &scratch.index;
    let rebuild = index
        .begin_rebuild(Some(space()), 9.0)
        .await
        .expect("begun");
    rebuild.commit(3).await.expect("switched");
    // As if the process had died between the ledger and the alias: the alias names another build.
    let old = qdrant_client::qdrant::CreateCollection {
        collection_name: scratch.collection(1),
        metadata: metadata_of(&scratch, 2).await,
        ..Default::default()
    };
    scratch.client.create_collection(old).await.expect("made");
    let astray = CreateAlias {
        collection_name: scratch.collection(1),
        alias_name: scratch.alias(),
    };
    scratch.client.create_alias(astray).await.expect("astray");
    assert!(!index.check().await.expect("a look"));
    index.ensure().await.expect("completed");
    assert!(index.check().await.expect("a look"));
    assert_eq!(
        qdrant::named(&scratch.client, &scratch.alias()).await,
        Some(scratch.collection(2))
    );
    assert_eq!(count(index).await, 0);
    scratch.close().await;
}

async fn metadata_of(
    scratch: &Scratch,
    build: u64,
) -> std::collections::HashMap<String, qdrant_client::qdrant::Value> {
    let info = scratch
        .client
        .collection_info(scratch.collection(build))
        .await;
    let info = info.expect("an answer").result.expect("a collection");
    info.config.expect("its configuration").metadata
}

#[tokio::test]
async fn a_lost_collection_is_reported_and_a_rebuild_restores_it() {
    let Some(scratch) = Scratch::open().await else {
        return;
    };
    let index = &scratch.index;
    let deleted = scratch
        .client
        .delete_collection(scratch.collection(1))
        .await;
    deleted.expect("deleted");
    assert!(!index.check().await.expect("a look"));
    let lost = index.ensure().await.expect_err("lost");
    assert_eq!(lost.code(), CODE_MISSING);
    let asked = index.count(IndexFilter::default()).await.expect_err("lost");
    assert_eq!(
        (asked.kind(), asked.code()),
        (ErrorKind::Unavailable, CODE_MISSING)
    );
    let written = index.upsert(points([&passage(1, 0, "heron")])).await;
    assert_eq!(written.expect_err("lost").code(), CODE_MISSING);
    let rebuild = index
        .begin_rebuild(Some(space()), 9.0)
        .await
        .expect("begun");
    rebuild
        .upsert(points([&passage(1, 0, "heron")]))
        .await
        .expect("added");
    rebuild.commit(7).await.expect("switched");
    assert_eq!((count(index).await, index.position().sequence), (1, 7));
    scratch.close().await;
}

#[tokio::test]
async fn another_databases_collections_are_neither_asked_nor_touched() {
    let Some(scratch) = Scratch::open().await else {
        return;
    };
    scratch
        .index
        .upsert(points([&passage(1, 0, "heron")]))
        .await
        .expect("added");
    // The same prefix, another database: its first build would have the name of ours.
    let stranger = TestDatabase::sqlite().await;
    let index = connect(&scratch.settings, &stranger).await;
    for _ in 0..3 {
        assert!(index.claim().await.expect("its own ledger"));
        let refused = index.ensure().await.expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert!(refused.to_string().contains("QDRANT_PREFIX"), "{refused}");
        let asked = index
            .count(IndexFilter::default())
            .await
            .expect_err("refused");
        assert_eq!(asked.kind(), ErrorKind::Unavailable);
        // Whatever number the build would have: what can never be named is not begun.
        let rebuild = index.begin_rebuild(Some(space()), 2.0).await;
        let refused = rebuild.map(drop).expect_err("refused");
        assert!(refused.to_string().contains("QDRANT_PREFIX"), "{refused}");
        index.destroy().await.expect("nothing of its own");
    }
    assert_eq!(scratch.collections().await, [scratch.collection(1)]);
    assert_eq!(
        qdrant::named(&scratch.client, &scratch.alias()).await,
        Some(scratch.collection(1))
    );
    assert_eq!(count(&scratch.index).await, 1);
    scratch.close().await;
}

#[tokio::test]
async fn one_process_writes_at_a_time_and_the_others_see_what_it_did() {
    let Some(scratch) = Scratch::open().await else {
        return;
    };
    let (one, other) = (&scratch.index, scratch.another().await);
    one.upsert(points([&passage(1, 0, "heron")]))
        .await
        .expect("added");
    let start = one.position();
    assert!(!other.claim().await.expect("the ledger"), "it is taken");
    let writes = [
        other
            .upsert(points([&passage(2, 0, "heron")]))
            .await
            .expect_err("refused"),
        other
            .delete(vec![Selector::Document(document(1))])
            .await
            .expect_err("refused"),
        other.commit(start, 9).await.expect_err("refused"),
        other
            .begin_rebuild(Some(space()), 2.0)
            .await
            .map(drop)
            .expect_err("refused"),
    ];
    for refused in writes {
        assert_eq!(
            (refused.kind(), refused.code()),
            (ErrorKind::Conflict, CODE_FOLLOWED_ELSEWHERE)
        );
    }
    one.commit(start, 5).await.expect("moved");
    assert_eq!(other.refresh().await.expect("the ledger").sequence, 5);
    assert_eq!(count(&other).await, 1);

    // The other rebuilds: who followed before finds everything elsewhere, and nothing amiss.
    one.release().await.expect("released");
    assert!(other.claim().await.expect("the ledger"));
    let rebuild = other
        .begin_rebuild(Some(space()), 2.0)
        .await
        .expect("begun");
    rebuild
        .upsert(points([&passage(2, 0, "heron"), &passage(3, 0, "heron")]))
        .await
        .expect("added");
    rebuild.commit(6).await.expect("switched");
    assert_eq!(count(one).await, 2, "asked through the alias");
    let before = one.position();
    other.release().await.expect("released");
    let late = one.commit(before, 7).await.expect_err("refused");
    assert_eq!(late.code(), CODE_MOVED);
    assert_eq!(one.position(), other.position());
    one.commit(one.position(), 7).await.expect("moved");
    scratch.close().await;
}

/// An index on whatever listens at `address`, and what it says to a look.
async fn look_at(address: std::net::SocketAddr) -> ragd::error::Error {
    let database = TestDatabase::sqlite().await;
    let mut settings = qdrant::settings(&format!("http://{address}"), Some(space()));
    settings.timeout = Duration::from_millis(500);
    let index = connect(&settings, &database).await;
    let error = index.check().await.expect_err("there is no Qdrant");
    assert!(index.claim().await.expect("the ledger is there"));
    let written = index.ensure().await.expect_err("nowhere to write");
    assert_eq!(written.code(), error.code());
    index.close().await;
    error
}

fn assert_unreachable(error: &ragd::error::Error, address: std::net::SocketAddr) {
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Unavailable, CODE_UNREACHABLE)
    );
    assert_eq!(error.to_string(), "Failed to connect to Qdrant");
    let logged = error.chain();
    assert!(logged.contains(&address.to_string()), "{logged}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    assert_unreachable(&look_at(address).await, address);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let listening = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            open.push(socket);
        }
    });
    assert_unreachable(&look_at(address).await, address);
    listening.abort();
}

#[tokio::test]
async fn a_server_of_another_kind_is_no_qdrant() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let listening = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 1_024];
                let _read = socket.read(&mut asked).await;
                let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
                let _written = socket.write_all(answer).await;
            });
        }
    });
    assert_unreachable(&look_at(address).await, address);
    listening.abort();
}

#[tokio::test]
async fn a_key_that_could_not_be_sent_is_refused_and_not_repeated() {
    let database = TestDatabase::sqlite().await;
    for key in ["", "se cret", "secr\u{e9}t", "secret\n"] {
        let settings = ServerSettings {
            address: ServerAddress::parse("http://127.0.0.1:6334").expect("an address"),
            api_key: Some(key.into()),
            timeout: Duration::from_secs(1),
            prefix: "ragd".to_owned(),
            space: None,
        };
        let ledger = SqlLedger::new(database.store.clone(), Clock::system(), settings.timeout);
        let refused = Index::connect(settings, Arc::new(ledger))
            .await
            .expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
        assert!(!refused.chain().contains("ret"), "{}", refused.chain());
    }
}
