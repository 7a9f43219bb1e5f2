//! What database and processor can do when there is nothing else to do: no checks, no order, no library between.

mod decode;
mod postgres;
mod sqlite;

use clap::ValueEnum;
use grantlink_load::{Load, Measured};

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Limit {
    /// `PostgreSQL`, one row in each transaction
    #[value(name = "insert-1")]
    Insert1,
    /// `PostgreSQL`, a hundred rows in each transaction
    #[value(name = "insert-100")]
    Insert100,
    /// `PostgreSQL`, COPY into the same table
    CopyIn,
    /// `PostgreSQL`, binary COPY out of our own table
    CopyOutJson,
    /// The same with a payload of type jsonb
    CopyOutJsonb,
    /// `SQLite`, one row in each transaction, synchronous=FULL
    #[value(name = "sqlite-insert-1")]
    SqliteInsert1,
    /// `SQLite`, a hundred rows in each transaction, synchronous=FULL
    #[value(name = "sqlite-insert-100")]
    SqliteInsert100,
    /// `SQLite`, all rows of our own table, each payload decoded
    SqliteScan,
    /// The same, nothing decoded
    SqliteScanRaw,
    /// Payloads decoded straight from their bytes, on one processor
    Decode,
}

pub(crate) async fn measure(limit: Limit, load: Load, events: u32) -> anyhow::Result<Measured> {
    match limit {
        Limit::Insert1 => postgres::insert(load, 1).await,
        Limit::Insert100 => postgres::insert(load, 100).await,
        Limit::CopyIn => postgres::copy_in(events).await,
        Limit::CopyOutJson => postgres::copy_out(events, false).await,
        Limit::CopyOutJsonb => postgres::copy_out(events, true).await,
        Limit::SqliteInsert1 => sqlite::insert(load, 1).await,
        Limit::SqliteInsert100 => sqlite::insert(load, 100).await,
        Limit::SqliteScan => sqlite::scan(events, true),
        Limit::SqliteScanRaw => sqlite::scan(events, false),
        Limit::Decode => decode::measure(events),
    }
}

/// Operations that write so many rows each, counted in rows.
#[expect(clippy::cast_precision_loss, reason = "a hundred at most")]
fn in_rows(measured: Measured, rows: usize) -> Measured {
    Measured {
        count: measured.count * rows,
        per_second: measured.per_second * rows as f64,
        ..measured
    }
}
