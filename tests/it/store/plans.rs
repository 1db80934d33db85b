//! The statements that run for every question and every commit use the indexes that were made for
//! them, on both engines.

use crate::support::database::TestDatabase;
use sqlx::{AssertSqlSafe, Row};

/// The statement, and the index that it must go through on both engines.
const STATEMENTS: [(&str, &str); 8] = [
    (
        "SELECT * FROM passages p WHERE p.document_id = $1 AND p.generation = 1 ORDER BY p.ordinal",
        "passages_document",
    ),
    (
        "SELECT p.embedding FROM passages p WHERE p.model = 'm' AND p.content_sha256 = $1 LIMIT 1",
        "passages_text",
    ),
    (
        "SELECT * FROM messages WHERE room_id = $1 AND owner_id = $1 ORDER BY id DESC LIMIT 9",
        "messages_room",
    ),
    (
        "SELECT id FROM documents WHERE status IN ('queued', 'processing') ORDER BY id",
        "documents_unfinished",
    ),
    (
        "DELETE FROM passages WHERE message_id = $1",
        "passages_message",
    ),
    ("DELETE FROM passages WHERE room_id = $1", "passages_room"),
    (
        "SELECT * FROM rooms WHERE owner_id = $1 AND id > $1 ORDER BY id DESC LIMIT 9",
        "rooms_owner",
    ),
    (
        "SELECT * FROM rooms WHERE owner_id = $1 AND name = 'n' AND kind = 'main'",
        "rooms_main_name",
    ),
];

#[tokio::test]
async fn sqlite_uses_its_indexes() {
    let database = TestDatabase::sqlite().await;
    let mut connection = database.sqlite_connection().await;
    for (statement, index) in STATEMENTS {
        let statement = statement.replace("$1", "x'00'");
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        assert!(
            plan.iter().any(|line| line.contains(index)),
            "{statement}: {plan:?}"
        );
        assert!(
            !plan.iter().any(|line| line.contains("TEMP B-TREE")),
            "{statement}: {plan:?}"
        );
    }
}

#[tokio::test]
async fn postgres_uses_its_indexes() {
    let database = TestDatabase::postgres().await;
    let mut connection = database.postgres_connection().await;
    // The tables are empty, where reading all is cheapest: ask for the way when that is not open.
    sqlx::raw_sql("SET enable_seqscan = off")
        .execute(&mut connection)
        .await
        .unwrap();
    for (statement, index) in STATEMENTS {
        let value = if statement.contains("sha256") {
            "'\\x00'::bytea"
        } else {
            "'00000000-0000-0000-0000-000000000000'::uuid"
        };
        let statement = statement.replace("$1", value);
        let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {statement}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert!(
            plan.iter().any(|line| line.contains(index)),
            "{statement}: {plan:?}"
        );
    }
}
