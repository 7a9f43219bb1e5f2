//! postgres-es, with the table that it ships.

use grantlink_interop::on_postgres;
use grantlink_load::{Load, Measured};
use postgres_es::PostgresEventRepository;
use sqlx::{Executor, PgPool, postgres::PgPoolOptions};

use crate::{
    cqrs,
    payload::{self, LOADED, POSTGRES_ROWS, REPLAYED},
};

const TABLE: &str = "
CREATE TABLE events
(
    aggregate_type text                         NOT NULL,
    aggregate_id   text                         NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
)";

pub(crate) async fn append(load: Load) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let pool = open(&url, load.callers).await?;
        cqrs::append(&load, PostgresEventRepository::new(pool)).await
    })
    .await
}

pub(crate) async fn command(load: Load, streams: u32) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let pool = open(&url, load.callers).await?;
        seed(&pool, streams * LOADED, LOADED).await?;
        cqrs::command(&load, PostgresEventRepository::new(pool), streams).await
    })
    .await
}

pub(crate) async fn replay(events: u32) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let pool = open(&url, 1).await?;
        seed(&pool, events, REPLAYED).await?;
        cqrs::replay(PostgresEventRepository::new(pool), events).await
    })
    .await
}

/// Its own pool has ten connections; so that nobody waits for one, there are as many as callers.
async fn open(url: &str, callers: usize) -> anyhow::Result<PgPool> {
    let connections = u32::try_from(callers.max(10))?;
    let pool = PgPoolOptions::new().max_connections(connections).connect(url).await?;
    pool.execute(TABLE).await?;
    Ok(pool)
}

async fn seed(pool: &PgPool, events: u32, per_stream: u32) -> anyhow::Result<()> {
    let insert = format!(
        "INSERT INTO events SELECT 'integration', stream, sequence, 'Connected', '1', $3::json, '{{}}' \
        FROM {POSTGRES_ROWS} AS r"
    );
    sqlx::query(&insert)
        .bind(i32::try_from(events)?)
        .bind(i32::try_from(per_stream)?)
        .bind(payload::json())
        .execute(pool)
        .await?;
    pool.execute("VACUUM ANALYZE events").await?;
    Ok(())
}
