//! The store on both engines: one suite, run on a SQLite file and on a Postgres server.

mod abandoned;
mod access;
mod change_log;
mod commits;
mod documents;
mod embeddings;
mod memory;
mod opening;
mod passages;
mod people;
mod plans;
mod rooms;
mod sessions;
pub(crate) mod world;

/// Makes of each function that takes a `&Store` two tests, one on each engine.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = crate::support::database::TestDatabase::sqlite().await;
                super::$name(&database.store).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = crate::support::database::TestDatabase::postgres().await;
                super::$name(&database.store).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;
