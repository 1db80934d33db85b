//! A claim goes through its index, however many jobs wait.

use super::new_job;
use crate::store::world::at;
use crate::support::database::TestDatabase;
use ragd::domain::Lane;
use sqlx::{AssertSqlSafe, Row};

const CLAIM: &str = "SELECT id FROM jobs WHERE state = 'ready' AND lane = 'default'
     AND run_at <= $now AND kind IN ('ingest', 'message', 'summary', 'cleanup') ORDER BY run_at, id LIMIT 1";
const WAITING: usize = 2_000;

#[tokio::test]
async fn on_sqlite() {
    let database = TestDatabase::sqlite().await;
    let mut connection = database.sqlite_connection().await;
    for statement in [CLAIM] {
        let statement = statement.replace("$now", "'2100-01-01'");
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let plan: Vec<String> = rows
            .iter()
            .map(|row| row.get::<String, _>("detail"))
            .collect();
        let plan = plan.join("\n");
        assert!(plan.contains("jobs_ready"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "it sorts:\n{plan}");
    }
}

#[tokio::test]
async fn on_postgres() {
    let database = TestDatabase::postgres().await;
    for _ in 0..WAITING {
        let job = new_job(Lane::Default);
        database.store.enqueue(&job, at(0)).await.unwrap();
    }
    let mut connection = database.postgres_connection().await;
    sqlx::query("ANALYZE jobs")
        .execute(&mut connection)
        .await
        .unwrap();
    for statement in [CLAIM] {
        let statement = statement.replace("$now", "'2100-01-01'");
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN {statement}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get::<String, _>(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("jobs_ready"), "{plan}");
        assert!(!plan.contains("Sort"), "it sorts:\n{plan}");
    }
}
