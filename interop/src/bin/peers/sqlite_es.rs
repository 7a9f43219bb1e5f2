//! sqlite-es, with the table that it ships. Its own pool, but durable: synchronous=FULL.

use std::path::Path;

use grantlink_load::{Load, Measured};
use sqlite_es::SqliteEventRepository;
use sqlx::{
    Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    cqrs,
    payload::{self, LOADED, REPLAYED, SQLITE_ROWS},
};

const TABLE: &str = "
CREATE TABLE events
(
  aggregate_type text                          NOT NULL,
  aggregate_id   text                          NOT NULL,
  sequence       integer CHECK (sequence >= 0) NOT NULL,
  event_type     text                          NOT NULL,
  event_version  text                          NOT NULL,
  payload        text                          NOT NULL,
  metadata       text                          NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id, sequence)
) STRICT";

pub(crate) async fn append(load: Load) -> anyhow::Result<Measured> {
    let folder = tempfile::tempdir()?;
    let pool = open(folder.path()).await?;
    cqrs::append(&load, SqliteEventRepository::new(pool)).await
}

pub(crate) async fn command(load: Load, streams: u32) -> anyhow::Result<Measured> {
    let folder = tempfile::tempdir()?;
    let pool = open(folder.path()).await?;
    seed(&pool, streams * LOADED, LOADED).await?;
    cqrs::command(&load, SqliteEventRepository::new(pool), streams).await
}

pub(crate) async fn replay(events: u32) -> anyhow::Result<Measured> {
    let folder = tempfile::tempdir()?;
    let pool = open(folder.path()).await?;
    seed(&pool, events, REPLAYED).await?;
    cqrs::replay(SqliteEventRepository::new(pool), events).await
}

async fn open(folder: &Path) -> anyhow::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("events.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(10)
        .connect_with(options)
        .await?;
    pool.execute(TABLE).await?;
    Ok(pool)
}

async fn seed(pool: &SqlitePool, events: u32, per_stream: u32) -> anyhow::Result<()> {
    let insert = format!(
        "INSERT INTO events SELECT 'integration', stream, sequence, 'Connected', '1', ?3, '{{}}' FROM {SQLITE_ROWS}"
    );
    sqlx::query(&insert)
        .bind(events)
        .bind(per_stream)
        .bind(payload::json())
        .execute(pool)
        .await?;
    pool.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    pool.execute("ANALYZE").await?;
    Ok(())
}
