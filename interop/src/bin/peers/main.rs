//! Measures one thing of others, once, and prints it as one line: `peers append --peer postgres-es --callers 32`.
//!
//! Peers are stock: their tables, their API, the pool's size aside their settings. `PostgreSQL` is the server that
//! `GRANTLINK_TEST_POSTGRES` names, in a database of its own; `SQLite` is a file in the directory for temporary files.

mod cqrs;
mod disintegrate;
mod limits;
mod payload;
mod postgres_es;
mod sqlite_es;

use clap::{Parser, Subcommand, ValueEnum};
use grantlink_load::{Load, Measured};

#[derive(Parser)]
#[command(about = "Measures one thing of others, once")]
struct Peers {
    #[command(subcommand)]
    row: Row,
}

#[derive(Subcommand)]
enum Row {
    /// One event to a new stream
    Append {
        #[arg(long)]
        peer: Peer,
        #[command(flatten)]
        load: Load,
    },
    /// A stream of three events is loaded, and one is appended to it; each stream is used once
    Command {
        #[arg(long)]
        peer: Peer,
        /// So many streams there are; who runs out of them stops
        #[arg(long, default_value_t = 40_000)]
        streams: u32,
        #[command(flatten)]
        load: Load,
    },
    /// All events, decoded, into a fold that counts them
    Replay {
        #[arg(long)]
        peer: Peer,
        #[arg(long, default_value_t = 200_000)]
        events: u32,
    },
    /// What database or processor could do if there was nothing else to do; per second are rows
    Limit {
        #[arg(long)]
        limit: limits::Limit,
        /// So many rows are copied, scanned or decoded
        #[arg(long, default_value_t = 200_000)]
        events: u32,
        #[command(flatten)]
        load: Load,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Peer {
    /// cqrs-es on `PostgreSQL`
    PostgresEs,
    /// cqrs-es on `SQLite`, synchronous=FULL
    SqliteEs,
    /// disintegrate on `PostgreSQL`; its appends are validated
    Disintegrate,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    measure(Peers::parse().row).await?.print()
}

async fn measure(row: Row) -> anyhow::Result<Measured> {
    use Peer::{Disintegrate, PostgresEs, SqliteEs};
    match row {
        Row::Append { peer: PostgresEs, load } => postgres_es::append(load).await,
        Row::Append { peer: SqliteEs, load } => sqlite_es::append(load).await,
        Row::Append {
            peer: Disintegrate,
            load,
        } => disintegrate::append(load).await,
        Row::Command {
            peer: PostgresEs,
            streams,
            load,
        } => postgres_es::command(load, streams).await,
        Row::Command {
            peer: SqliteEs,
            streams,
            load,
        } => sqlite_es::command(load, streams).await,
        Row::Command {
            peer: Disintegrate,
            streams,
            load,
        } => disintegrate::command(load, streams).await,
        Row::Replay {
            peer: PostgresEs,
            events,
        } => postgres_es::replay(events).await,
        Row::Replay { peer: SqliteEs, events } => sqlite_es::replay(events).await,
        Row::Replay {
            peer: Disintegrate,
            events,
        } => disintegrate::replay(events).await,
        Row::Limit { limit, events, load } => limits::measure(limit, load, events).await,
    }
}
