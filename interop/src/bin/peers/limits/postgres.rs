use std::{sync::Arc, time::Instant};

use anyhow::ensure;
use futures_util::TryStreamExt;
use grantlink_interop::on_postgres;
use grantlink_load::{Load, Measured, drive};
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::Mutex;

use super::in_rows;
use crate::payload::{self, POSTGRES_ROWS, REPLAYED, Streams};

/// What a log needs at least: a place in it, and a place in a stream.
const TABLE: &str = "
CREATE TABLE log
(
    position       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    aggregate_type text   NOT NULL,
    aggregate_id   text   NOT NULL,
    sequence       bigint NOT NULL,
    event_type     text   NOT NULL,
    event_version  text   NOT NULL,
    payload        json   NOT NULL,
    metadata       json   NOT NULL,
    UNIQUE (aggregate_type, aggregate_id, sequence)
)";

const INSERT: &str = "INSERT INTO log (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) \
    SELECT 'integration', n.stream, 1, 'Connected', '1', n.payload::json, '{}' FROM unnest($1::text[], $2::text[]) AS n (stream, payload)";

const INSERT_ONE: &str = "INSERT INTO log (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) \
    VALUES ('integration', $1, 1, 'Connected', '1', $2::json, '{}')";

/// Prepared, each caller on a connection of its own.
pub(super) async fn insert(load: Load, rows: usize) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        PgConnection::connect(&url).await?.execute(TABLE).await?;
        let mut connections = Vec::new();
        for _ in 0..load.callers {
            connections.push(Arc::new(Mutex::new(PgConnection::connect(&url).await?)));
        }
        let (streams, payload) = (Streams::endless(), payload::json());
        let measured = drive(&load, |caller| {
            let (connection, streams, payload) = (Arc::clone(&connections[caller]), streams.clone(), payload.clone());
            move || {
                let (connection, payload) = (Arc::clone(&connection), payload.clone());
                let names: Vec<_> = std::iter::from_fn(|| streams.next()).take(rows).collect();
                async move { write(&mut *connection.lock().await, names, payload).await }
            }
        });
        Ok(in_rows(measured.await?, rows))
    })
    .await
}

async fn write(connection: &mut PgConnection, names: Vec<String>, payload: String) -> anyhow::Result<bool> {
    let statement = if let [name] = &names[..] {
        sqlx::query(INSERT_ONE).bind(name.clone()).bind(payload)
    } else {
        let payloads = vec![payload; names.len()];
        sqlx::query(INSERT).bind(names).bind(payloads)
    };
    statement.execute(connection).await?;
    Ok(true)
}

/// One COPY of all rows.
pub(super) async fn copy_in(events: u32) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let mut connection = PgConnection::connect(&url).await?;
        connection.execute(TABLE).await?;
        let (payload, into) = (
            payload::json(),
            "COPY log (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) FROM STDIN",
        );
        let begin = Instant::now();
        let mut copy = connection.copy_in_raw(into).await?;
        for first in (1..=events).step_by(1000) {
            let last = events.min(first + 999);
            let line = |number| {
                let stream = payload::stream(number);
                format!("integration\t{stream}\t1\tConnected\t1\t{payload}\t{{}}\n")
            };
            copy.send((first..=last).map(line).collect::<String>().into_bytes()).await?;
        }
        let written = copy.finish().await?;
        let took = begin.elapsed();
        ensure!(written == u64::from(events), "{written} rows of {events} were copied");
        Ok(Measured::of_one_run(events as usize, took))
    })
    .await
}

/// Our own table, as an installation has it.
const OURS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../migrations/postgres/0001_events.sql"
));

pub(super) async fn copy_out(events: u32, jsonb: bool) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let mut connection = PgConnection::connect(&url).await?;
        connection.execute(OURS).await?;
        if jsonb {
            let alter = "ALTER TABLE events ALTER payload TYPE jsonb";
            connection.execute(alter).await?;
        }
        seed(&mut connection, events, if jsonb { "jsonb" } else { "json" }).await?;
        let begin = Instant::now();
        let mut rows = connection.copy_out_raw("COPY events TO STDOUT (FORMAT binary)").await?;
        let (mut messages, mut bytes) = (0_u32, 0);
        while let Some(row) = rows.try_next().await? {
            messages += 1;
            bytes += row.len();
        }
        let took = begin.elapsed();
        // Header and trailer may come with a row or alone.
        ensure!(
            messages >= events && bytes > events as usize * 409,
            "{messages} of {events} rows came"
        );
        Ok(Measured::of_one_run(events as usize, took))
    })
    .await
}

async fn seed(connection: &mut PgConnection, events: u32, json: &str) -> anyhow::Result<()> {
    let insert = format!(
        "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type, \
        event_version, payload, metadata, recorded_at, hash) \
        SELECT position, ('01900000-0000-7000-9000-' || lpad(to_hex(position), 12, '0'))::uuid, \
        '01900000-0000-7000-8000-000000000001', 'integration', stream, sequence, 'Connected', '1', $3::text::{json}, '{{}}', \
        1764000000000000 + position, sha256(stream::bytea) FROM {POSTGRES_ROWS} AS r"
    );
    sqlx::query(&insert)
        .bind(i32::try_from(events)?)
        .bind(i32::try_from(REPLAYED)?)
        .bind(payload::json())
        .execute(&mut *connection)
        .await?;
    connection.execute("VACUUM ANALYZE events").await?;
    Ok(())
}
