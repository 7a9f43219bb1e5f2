//! `SQLite`: the log and what is committed with it in one file, with one task that appends.

mod checkpoint;
mod judge;
mod look;
mod write;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use application::ports::{StoreError, clock::Clock};
use sqlx::{
    ConnectOptions, Connection, Executor, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    pool::PoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::mutants::mutant;
use crate::sql::{Pool, Probe, Stores, head, migration_error, store_error, versions};

/// Readers, and the writers of what is no event. `SQLite` lets one write at a time, so more would only wait.
const CONNECTIONS: u32 = 8;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const MIGRATIONS: [(i64, &str, &str); 10] = [
    (1, "events", include_str!("../../../migrations/sqlite/0001_events.sql")),
    (2, "tables", include_str!("../../../migrations/sqlite/0002_tables.sql")),
    (
        3,
        "events of a tenant",
        include_str!("../../../migrations/sqlite/0003_events_of_a_tenant.sql"),
    ),
    (4, "jobs", include_str!("../../../migrations/sqlite/0004_jobs.sql")),
    (5, "mail", include_str!("../../../migrations/sqlite/0005_mail.sql")),
    (
        6,
        "parked events",
        include_str!("../../../migrations/sqlite/0006_parked_events.sql"),
    ),
    (
        7,
        "account turns",
        include_str!("../../../migrations/sqlite/0007_account_turns.sql"),
    ),
    (
        8,
        "refresh",
        include_str!("../../../migrations/sqlite/0008_refresh.sql"),
    ),
    (9, "health", include_str!("../../../migrations/sqlite/0009_health.sql")),
    (
        10,
        "put off",
        include_str!("../../../migrations/sqlite/0010_put_off.sql"),
    ),
];

const VERSIONS: [i64; MIGRATIONS.len()] = versions(&MIGRATIONS);

/// Opens the stores over one file, which [`migrate`] made.
///
/// # Errors
/// When the file cannot be opened or holds something else.
pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Stores, StoreError> {
    let pool = Pool::Sqlite(open_pool(path, CONNECTIONS).await?);
    let head = head(&pool).await?;
    let writer = writer::SqliteWriter::open(path, clock).await?;
    let probe = probe(path).await?;
    Ok(Stores::new(pool, probe, writer, head))
}

/// A way to look at a file that is there, on a connection of its own.
///
/// # Errors
/// When it cannot be opened.
pub async fn probe(path: &Path) -> Result<Probe, StoreError> {
    Ok(Probe::new(Pool::Sqlite(open_pool(path, 1).await?), &VERSIONS))
}

/// Makes the file, or brings it to this version's schema. It may run again and again.
///
/// # Errors
/// When the file cannot be written, or was made by a newer version.
pub async fn migrate(path: &Path) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let pool = open_pool(path, 1).await?;
    let done = Migrator::with_migrations(migrations.to_vec()).run(&pool).await;
    pool.close().await;
    done.map_err(migration_error)
}

/// Opens a pool over a file with our settings, and makes the file where there is none.
///
/// Every connection that comes back is rolled back first: after a cancelled `begin` it may hold an open transaction, into
/// which later writes would vanish.
///
/// # Errors
/// When the file cannot be opened.
pub async fn open_pool(path: &Path, connections: u32) -> Result<SqlitePool, StoreError> {
    PoolOptions::<Sqlite>::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .after_release(|connection, _| Box::pin(roll_back(connection)))
        .connect_with(options(path))
        .await
        .map_err(store_error)
}

/// What a pool does with a connection that comes back: after a cancelled `begin` it may hold an open transaction. Answers
/// false, and so the end of the connection, when it cannot be known to be clean. Where `SQLite` rolled back by itself (on a full
/// disk it does), sqlx counts the transaction as open for ever: no other can begin there.
pub(crate) async fn roll_back(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let clean = match connection.execute("ROLLBACK").await {
        Ok(_) => true,
        // The plain SQLITE_ERROR: no transaction is open, as it should be.
        Err(sqlx::Error::Database(error)) => error.code().as_deref() == Some("1"),
        Err(_) => false,
    };
    Ok(clean && !connection.is_in_transaction())
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(if mutant!("mutant-synchronous-off") {
            SqliteSynchronous::Off
        } else {
            SqliteSynchronous::Full
        })
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What is deleted or overwritten is zeroed in the file, so that erasing means what it says.
        .pragma("secure_delete", "ON")
        // So that the triggers see what INSERT OR REPLACE deletes.
        .pragma("recursive_triggers", "ON")
}

async fn connect(options: SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    options.connect().await.map_err(store_error)
}

async fn close(connection: SqliteConnection) -> Result<(), StoreError> {
    connection.close().await.map_err(store_error)
}
