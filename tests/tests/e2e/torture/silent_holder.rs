//! A client that stops in the middle of its work, with the log's lock in its hand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::{postgres, sql::Stores};
use anyhow::ensure;
use application::ports::{
    StoreError,
    log::{CommitError, EventLog},
};
use domain::log::Position;
use grantlink_tests::conformance::{Database, Draft, Kind, stream};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tokio::task::JoinSet;

grantlink_tests::on_both_databases!(a_client_that_stops_with_the_logs_lock_delays_others_by_the_time_out_at_most);

/// What `PostgreSQL`'s nodes are told to wait. On `SQLite` it is the driver's.
const LOCK_TIMEOUT: Duration = Duration::from_millis(400);
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What a busy machine may add.
const MARGIN: Duration = Duration::from_secs(2);
/// So long a client that is gone may still hold what it held.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

/// Whoever comes while the lock is held is told "unavailable" in time, reads go on, and so do appends once the client is gone.
/// ES-6, and why nobody may hold the log for long.
/// Mutant: a session without `lock_timeout` (or `busy_timeout`) is told nothing before the statement's own limit.
async fn a_client_that_stops_with_the_logs_lock_delays_others_by_the_time_out_at_most(
    database: Database,
) -> anyhow::Result<()> {
    let limit = match database.kind() {
        Kind::Sqlite => BUSY_TIMEOUT,
        Kind::Postgres => LOCK_TIMEOUT,
    };
    let nodes = [node(&database).await?, node(&database).await?];
    append(&nodes[0].log).await?;
    let holder = Holder::stop_in_the_middle(&database).await?;

    let mut callers = JoinSet::new();
    for node in &nodes {
        let log = Arc::clone(&node.log);
        callers.spawn(async move {
            let started = Instant::now();
            (append(&log).await, started.elapsed())
        });
    }
    for node in &nodes {
        ensure!(node.log.page(Position(0), 10).await?.len() == 1, "reads do not go on");
    }
    while let Some(caller) = callers.join_next().await {
        let (outcome, waited) = caller?;
        ensure!(
            matches!(outcome, Err(CommitError::Store(StoreError::Unavailable(_)))),
            "answered while the log was held: {outcome:?}"
        );
        ensure!(waited >= limit && waited < limit + MARGIN, "told after {waited:?}");
    }

    drop(holder);
    for (number, node) in nodes.iter().enumerate() {
        let position = until_answered(&node.log).await?;
        ensure!(
            position == Position(2 + number as u64),
            "what was refused left a trace: {position:?}"
        );
    }
    Ok(())
}

async fn node(database: &Database) -> anyhow::Result<Stores> {
    Ok(match database.kind() {
        Kind::Sqlite => database.open().await?,
        Kind::Postgres => {
            let options = postgres::Options {
                lock_timeout: LOCK_TIMEOUT,
                ..database.options()?
            };
            postgres::connect(&options).await?
        }
    })
}

async fn append(log: &Arc<dyn EventLog>) -> Result<Position, CommitError> {
    let committed = log.commit(Draft::default().appends(&stream(), 0).commit()).await?;
    Ok(committed.position)
}

/// Asks until the database has noticed that the client is gone.
async fn until_answered(log: &Arc<dyn EventLog>) -> anyhow::Result<Position> {
    let started = Instant::now();
    loop {
        match append(log).await {
            Err(CommitError::Store(StoreError::Unavailable(_))) if started.elapsed() < LONGEST_FAREWELL => {}
            outcome => return Ok(outcome?),
        }
    }
}

/// An open transaction that holds the log's lock, and says nothing more. It ends as a crash does: without a word.
enum Holder {
    Sqlite { _connection: SqliteConnection },
    Postgres { _connection: PgConnection },
}

impl Holder {
    async fn stop_in_the_middle(database: &Database) -> anyhow::Result<Self> {
        match database.kind() {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(&database.path()?.to_string_lossy()).await?;
                connection.execute("BEGIN IMMEDIATE").await?;
                Ok(Self::Sqlite {
                    _connection: connection,
                })
            }
            Kind::Postgres => {
                let mut connection = database.connection().await?;
                connection
                    .execute("BEGIN; SELECT pg_advisory_xact_lock(7454127460279152235)")
                    .await?;
                Ok(Self::Postgres {
                    _connection: connection,
                })
            }
        }
    }
}
