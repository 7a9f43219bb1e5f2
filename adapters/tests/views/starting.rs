//! A node starts beside others that are at work.

use sqlx::Connection;
use tokio::time::timeout;

use crate::support::{SOON, TestDb};

const TABLES: &str = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";

/// API-9: nodes are restarted one after the other while the rest go on writing.
///
/// Mutant: with `CREATE INDEX IF NOT EXISTS` for what exists, it waits for the writer, who may be waiting for it: a deadlock, and this
/// does not end.
#[tokio::test]
async fn a_node_starts_while_another_writes_to_every_view() {
    let db = TestDb::postgres().await;
    drop(db.node().await);
    let mut other = db.connection().await;
    let mut writing = other.begin().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut *writing).await.unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let lock = format!("LOCK {} IN ROW EXCLUSIVE MODE", tables.join(", "));
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock))
        .execute(&mut *writing)
        .await
        .unwrap();

    let started = timeout(SOON, db.node()).await;
    assert!(started.is_ok(), "it waits for the node that writes");

    writing.rollback().await.unwrap();
    db.drop_database().await;
}
