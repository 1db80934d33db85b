//! A fresh, migrated database for one test, on either engine, gone when the test is over. Postgres
//! tests need a server: `TEST_POSTGRES_URL` names one on which databases may be made. Without it
//! they fail; they are never skipped.

use ragd::store::{DatabaseSettings, DatabaseUrl, Store};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::str::FromStr;
use uuid::Uuid;

/// A database of its own, and the store on it.
pub struct TestDatabase {
    pub store: Store,
    pub settings: DatabaseSettings,
    place: Place,
}

enum Place {
    /// Goes with its files when it is dropped.
    Folder { _folder: tempfile::TempDir },
    Server {
        admin: Box<PgConnectOptions>,
        name: String,
    },
}

impl TestDatabase {
    /// A SQLite file in a folder of its own.
    pub async fn sqlite() -> Self {
        Self::migrated(Self::unmigrated_sqlite().await).await
    }

    /// A database of its own on the Postgres server.
    pub async fn postgres() -> Self {
        Self::migrated(Self::unmigrated_postgres().await).await
    }

    pub async fn unmigrated_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("ragd.db"));
        Self::open(
            DatabaseSettings::new(url),
            Place::Folder { _folder: folder },
        )
        .await
    }

    pub async fn unmigrated_postgres() -> Self {
        let admin = admin_options();
        let name = format!("ragd_test_{}", Uuid::new_v4().simple());
        let mut connection = admin
            .connect()
            .await
            .expect("TEST_POSTGRES_URL: cannot connect");
        sqlx::raw_sql(AssertSqlSafe(format!(
            "CREATE DATABASE {name} TEMPLATE template0"
        )))
        .execute(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
        let url = DatabaseUrl::Postgres(Box::new(admin.clone().database(&name)));
        let admin = Box::new(admin);
        Self::open(DatabaseSettings::new(url), Place::Server { admin, name }).await
    }

    async fn open(settings: DatabaseSettings, place: Place) -> Self {
        let store = Store::open(&settings).await.unwrap();
        Self {
            store,
            settings,
            place,
        }
    }

    async fn migrated(self) -> Self {
        self.store.migrate_up().await.unwrap();
        self
    }

    /// A second store on the same database, with other settings.
    pub async fn another(&self, change: impl FnOnce(&mut DatabaseSettings)) -> Store {
        let mut settings = self.settings.clone();
        change(&mut settings);
        Store::open(&settings).await.unwrap()
    }

    /// The URL of this database, for another process.
    pub fn postgres_url(&self) -> String {
        match &self.place {
            Place::Server { admin, name } => {
                let mut url = admin.as_ref().clone().database(name).to_url_lossy();
                url.set_query(None);
                url.to_string()
            }
            Place::Folder { .. } => panic!("this database is not on Postgres"),
        }
    }

    /// A connection past the store, to look or to get in the way.
    pub async fn postgres_connection(&self) -> sqlx::PgConnection {
        match &self.settings.url {
            DatabaseUrl::Postgres(options) => options.connect().await.unwrap(),
            DatabaseUrl::Sqlite(_) => panic!("this database is not on Postgres"),
        }
    }

    /// A connection past the store, to look or to get in the way.
    pub async fn sqlite_connection(&self) -> sqlx::SqliteConnection {
        match &self.settings.url {
            DatabaseUrl::Sqlite(path) => sqlx::sqlite::SqliteConnectOptions::new()
                .filename(path)
                .connect()
                .await
                .unwrap(),
            DatabaseUrl::Postgres(_) => panic!("this database is not SQLite"),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Place::Server { admin, name } = &self.place else {
            return;
        };
        let (admin, name) = (admin.clone(), name.clone());
        // The test's own runtime may be going down: the database is dropped on another.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async move {
                let mut connection = admin.connect().await.unwrap();
                let sql = format!("DROP DATABASE {name} WITH (FORCE)");
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            });
        });
        let dropped = dropping.join().is_ok();
        assert!(
            dropped || std::thread::panicking(),
            "the test's database could not be dropped"
        );
    }
}

fn admin_options() -> PgConnectOptions {
    let url = std::env::var("TEST_POSTGRES_URL").expect(
        "TEST_POSTGRES_URL is not set: it must name a Postgres server on which tests may make \
         databases (scripts/test.sh starts one and sets it)",
    );
    PgConnectOptions::from_str(&url).expect("TEST_POSTGRES_URL is not a Postgres URL")
}
