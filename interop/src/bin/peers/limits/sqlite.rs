use std::{path::Path, sync::Arc, time::Instant};

use anyhow::ensure;
use grantlink_load::{Load, Measured, drive};
use rusqlite::{Connection, params, types::ValueRef};
use tokio::sync::Mutex;

use super::in_rows;
use crate::{
    cqrs::Event,
    payload::{self, REPLAYED, SQLITE_ROWS, Streams},
};

/// What a log needs at least: a place in it, and a place in a stream.
const TABLE: &str = "
CREATE TABLE log
(
    position       integer PRIMARY KEY,
    aggregate_type text    NOT NULL,
    aggregate_id   text    NOT NULL,
    sequence       integer NOT NULL,
    event_type     text    NOT NULL,
    event_version  text    NOT NULL,
    payload        text    NOT NULL,
    metadata       text    NOT NULL,
    UNIQUE (aggregate_type, aggregate_id, sequence)
) STRICT";

const INSERT: &str = "INSERT INTO log (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) \
    VALUES ('integration', ?1, 1, 'Connected', '1', ?2, '{}')";

/// One caller: more would only wait for each other.
pub(super) async fn insert(load: Load, rows: usize) -> anyhow::Result<Measured> {
    ensure!(load.callers == 1, "SQLite has one writer");
    let folder = tempfile::tempdir()?;
    let connection = open(folder.path())?;
    connection.execute_batch(TABLE)?;
    let (connection, streams, payload) = (Arc::new(Mutex::new(connection)), Streams::endless(), payload::json());
    let measured = drive(&load, |_| {
        let (connection, streams, payload) = (Arc::clone(&connection), streams.clone(), payload.clone());
        move || {
            let (connection, payload) = (Arc::clone(&connection), payload.clone());
            let names: Vec<_> = std::iter::from_fn(|| streams.next()).take(rows).collect();
            async move {
                let mut connection = connection.lock().await;
                let transaction = connection.transaction()?;
                for name in names {
                    transaction.prepare_cached(INSERT)?.execute(params![name, payload])?;
                }
                transaction.commit()?;
                Ok(true)
            }
        }
    });
    Ok(in_rows(measured.await?, rows))
}

/// Our own table, as an installation has it.
const OURS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../migrations/sqlite/0001_events.sql"
));

/// Every column of every row, in the log's order.
pub(super) fn scan(events: u32, decoded: bool) -> anyhow::Result<Measured> {
    let folder = tempfile::tempdir()?;
    let connection = open(folder.path())?;
    connection.execute_batch(OURS)?;
    seed(&connection, events)?;
    let begin = Instant::now();
    let mut statement = connection.prepare("SELECT payload, e.* FROM events AS e ORDER BY position")?;
    let columns = statement.column_count();
    let mut rows = statement.query(params![])?;
    let (mut counted, mut bytes) = (0_u32, 0);
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            if let ValueRef::Text(value) | ValueRef::Blob(value) = row.get_ref(column)? {
                bytes += value.len();
            }
        }
        if decoded {
            let Event::Connected { filler } = serde_json::from_slice(row.get_ref(0)?.as_bytes()?)?;
            bytes += filler.len();
        }
        counted += 1;
    }
    let took = begin.elapsed();
    ensure!(
        counted == events && bytes > events as usize * 409,
        "{counted} of {events} rows came"
    );
    Ok(Measured::of_one_run(events as usize, took))
}

fn open(folder: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(folder.join("events.db"))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

fn seed(connection: &Connection, events: u32) -> anyhow::Result<()> {
    let insert = format!(
        "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type, \
        event_version, payload, metadata, recorded_at, hash) \
        SELECT position, randomblob(16), zeroblob(16), 'integration', stream, sequence, 'Connected', '1', ?3, '{{}}', \
        1764000000000000 + position, randomblob(32) FROM {SQLITE_ROWS}"
    );
    connection.execute(&insert, params![events, REPLAYED, payload::json()])?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}
