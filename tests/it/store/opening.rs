//! Opening, migrating, losing and closing a database.

use super::world::{at, committed, new_document};
use crate::support::database::TestDatabase;
use crate::support::until::{SOON, until};
use ragd::error::ErrorKind;
use ragd::store::{DatabaseSettings, DatabaseUrl, MigrationStatus, Store, WriteScope};
use sqlx::Connection;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

super::on_both_engines!(a_database_says_what_it_is, a_closed_store_is_unavailable);

async fn a_database_says_what_it_is(store: &Store) {
    store.ping().await.unwrap();
    assert!(["sqlite", "postgresql"].contains(&store.backend_name()));
    // A connection goes back to its pool a moment after the statement.
    until("a connection back in its pool", SOON, || async {
        matches!(store.pool_counts(), (1.., 0))
    })
    .await;
}

async fn a_closed_store_is_unavailable(store: &Store) {
    store.close().await;
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("database unavailable"),
        "{error}"
    );
    assert_eq!(store.pool_counts(), (0, 0));
}

fn versions_in(folder: &str, suffix: &str) -> Vec<String> {
    let folder = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let mut names: Vec<String> = names
        .filter_map(|name| name.strip_suffix(suffix).map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[test]
fn both_folders_hold_the_same_migrations_with_a_way_back() {
    let up = versions_in("sqlite", ".up.sql");
    assert!(!up.is_empty());
    assert_eq!(versions_in("postgres", ".up.sql"), up);
    assert_eq!(versions_in("sqlite", ".down.sql"), up);
    assert_eq!(versions_in("postgres", ".down.sql"), up);
}

async fn migrates_there_and_back(database: TestDatabase) {
    let store = &database.store;
    let known: Vec<i64> = versions_in("sqlite", ".up.sql")
        .iter()
        .map(|name| name.split('_').next().unwrap().parse().unwrap())
        .collect();
    let pending = MigrationStatus {
        applied: vec![],
        pending: known.clone(),
        unknown: vec![],
    };
    let done = MigrationStatus {
        applied: known,
        pending: vec![],
        unknown: vec![],
    };
    assert_eq!(store.migration_status().await.unwrap(), pending);
    for _ in 0..2 {
        store.migrate_up().await.unwrap();
        store.migrate_up().await.unwrap();
        assert_eq!(store.migration_status().await.unwrap(), done);
        committed(store, &new_document("ann", "p", "a"), &["x"]).await;
        store.migrate_down(0).await.unwrap();
        assert_eq!(store.migration_status().await.unwrap(), pending);
        assert!(store.admin_counts().await.is_err(), "the tables are gone");
    }
}

#[tokio::test]
async fn sqlite_migrates_there_and_back() {
    migrates_there_and_back(TestDatabase::unmigrated_sqlite().await).await;
}

#[tokio::test]
async fn postgres_migrates_there_and_back() {
    migrates_there_and_back(TestDatabase::unmigrated_postgres().await).await;
}

#[tokio::test]
async fn replicas_that_migrate_at_once_wait_for_each_other() {
    let database = TestDatabase::unmigrated_postgres().await;
    let replicas: Vec<_> = (0..4)
        .map(|_| {
            let store = database.store.clone();
            tokio::spawn(async move { store.migrate_up().await })
        })
        .collect();
    for replica in replicas {
        replica.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_database_of_a_newer_ragd_is_left_alone() {
    let database = TestDatabase::sqlite().await;
    let mut connection = database.sqlite_connection().await;
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'newer', TRUE, x'00', 0)";
    sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(
        database.store.migration_status().await.unwrap().unknown,
        [9999]
    );
    let error = database.store.migrate_up().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("9999"), "{error}");
}

#[tokio::test]
async fn what_is_written_survives_reopening() {
    for database in [TestDatabase::sqlite().await, TestDatabase::postgres().await] {
        let accepted = committed(&database.store, &new_document("ann", "p", "a"), &["x"]).await;
        database.store.close().await;
        let again = database.another(|_| ()).await;
        let passages = again
            .document_generation(accepted.generation, None)
            .await
            .unwrap();
        assert_eq!(passages.len(), 1);
        again.close().await;
    }
}

#[tokio::test]
async fn sqlite_is_set_up_to_lose_nothing() {
    let database = TestDatabase::sqlite().await;
    let mut connection = database.sqlite_connection().await;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = DatabaseUrl::parse(&format!("postgres://u:p@127.0.0.1:{port}/x")).unwrap();
    let mut settings = DatabaseSettings::new(url);
    settings.acquire_timeout = Duration::from_millis(50);
    let store = Store::open(&settings).await.unwrap();
    for error in [
        store.ping().await.unwrap_err(),
        store.migrate_up().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            error.to_string().contains("database unavailable"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_unavailable() {
    let url = DatabaseUrl::parse("sqlite:/nowhere/at/all/ragd.db").unwrap();
    let error = Store::open(&DatabaseSettings::new(url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("database unavailable"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exhausted_pool_says_so() {
    let database = TestDatabase::postgres().await;
    let document = committed(&database.store, &new_document("ann", "p", "a"), &["x"]).await;
    let small = database
        .another(|settings| {
            settings.pool_size = 1;
            settings.acquire_timeout = Duration::from_millis(100);
        })
        .await;
    // Somebody else holds the document's row, so the only connection waits for it.
    let mut other = database.postgres_connection().await;
    let mut lock = other.begin().await.unwrap();
    sqlx::raw_sql("SELECT * FROM documents FOR UPDATE")
        .execute(&mut *lock)
        .await
        .unwrap();
    let (store, id) = (small.clone(), document.document.id);
    let waiting = tokio::spawn(async move {
        store
            .delete_document(id, WriteScope::Everyone, at(9))
            .await
            .unwrap()
    });
    until("a connection in use", SOON, || async {
        small.pool_counts() == (0, 1)
    })
    .await;
    let error = small.ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("connection pool"), "{error}");
    lock.rollback().await.unwrap();
    assert!(waiting.await.unwrap());
    small.ping().await.unwrap();
}

#[tokio::test]
async fn a_locked_file_is_unavailable() {
    let database = TestDatabase::sqlite().await;
    let impatient = database
        .another(|settings| settings.acquire_timeout = Duration::from_millis(50))
        .await;
    let mut other = database.sqlite_connection().await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let new = new_document("ann", "p", "a");
    let error = impatient.accept(&new, at(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.chain());
    assert!(
        error.to_string().contains("database unavailable"),
        "{error}"
    );
    impatient.ping().await.unwrap();
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    impatient.accept(&new, at(1)).await.unwrap();
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_slow_query_is_logged() {
    for database in [TestDatabase::sqlite().await, TestDatabase::postgres().await] {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(log.clone())
            .with_max_level(tracing::Level::WARN)
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let text = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        database.store.change_log_head().await.unwrap();
        assert_eq!(text(), "", "nothing was slow");
        let all_slow = database
            .another(|settings| settings.slow_query_after = Duration::ZERO)
            .await;
        all_slow.change_log_head().await.unwrap();
        assert!(text().contains("slow query"), "{}", text());
        assert!(text().contains("store/src/change_log.rs:"), "{}", text());
    }
}

#[test]
fn urls_are_read_as_operators_write_them() {
    let shown = |url: &str| DatabaseUrl::parse(url).map(|url| url.to_string());
    for (url, expected) in [
        ("sqlite:data/ragd.db", "sqlite:data/ragd.db"),
        ("sqlite://data/ragd.db", "sqlite:data/ragd.db"),
        ("sqlite:///data/ragd.db", "sqlite:/data/ragd.db"),
        ("sqlite+aiosqlite:///data/ragd.db", "sqlite:/data/ragd.db"),
        ("postgres://u:secret@db:5433/rag", "postgres://db:5433/rag"),
        ("postgresql://u:secret@db/rag", "postgres://db:5432/rag"),
        (
            " postgresql+asyncpg://u:secret@db:5432/rag ",
            "postgres://db:5432/rag",
        ),
        (
            "postgres+psycopg2://u@db/rag?sslmode=disable",
            "postgres://db:5432/rag",
        ),
        (
            "postgres://u:secret@[::1]:5433/rag",
            "postgres://[::1]:5433/rag",
        ),
        (
            "postgres://u@[fd00::7]/rag",
            "postgres://[fd00::7]:5432/rag",
        ),
        (
            "postgres:///rag?host=/run/postgresql&user=u",
            "postgres:///rag?host=/run/postgresql",
        ),
        (
            "postgres://u:secret@/rag?host=/run/postgresql",
            "postgres:///rag?host=/run/postgresql",
        ),
        (
            "postgres://u@/rag?host=db&port=5433",
            "postgres://db:5433/rag",
        ),
        (
            "postgres://u@:5433/rag?host=::1",
            "postgres://[::1]:5433/rag",
        ),
        (
            "postgres:///rag?host=127.0.0.1",
            "postgres://127.0.0.1:5432/rag",
        ),
    ] {
        assert_eq!(shown(url).unwrap(), expected, "{url}");
    }
    for url in [
        "",
        "data.db",
        "mysql://u:secret@db/x",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:a?b=c",
    ] {
        let error = shown(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}");
        assert!(
            !error.chain().contains("secret"),
            "{url}: {}",
            error.chain()
        );
    }
    let url = DatabaseUrl::parse("postgres://u:secret@db/rag").unwrap();
    assert!(!format!("{:?}", DatabaseSettings::new(url)).contains("secret"));
}

#[tokio::test]
async fn migrations_go_past_a_pooler() {
    let sqlite = DatabaseUrl::parse("sqlite:x").unwrap();
    let mut settings = DatabaseSettings::new(DatabaseUrl::parse("postgres://u@db/x").unwrap());
    settings.direct_url = Some(sqlite);
    let error = Store::open(&settings).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);

    // The pool leads nowhere, the direct connection to a server.
    let database = TestDatabase::unmigrated_postgres().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nowhere = DatabaseUrl::parse(&format!("postgres://u@127.0.0.1:{port}/x")).unwrap();
    let direct = database.settings.url.clone();
    let store = database
        .another(|settings| {
            settings.url = nowhere;
            settings.direct_url = Some(direct);
        })
        .await;
    store.migrate_up().await.unwrap();
    assert!(
        !database
            .store
            .migration_status()
            .await
            .unwrap()
            .applied
            .is_empty()
    );
}
