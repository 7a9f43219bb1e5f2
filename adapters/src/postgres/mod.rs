//! `PostgreSQL`: for installations whose nodes share one log.

mod answer;
mod batch;
mod mates;
mod neighbours;
mod writer;

use std::{str::FromStr, sync::Arc, time::Duration};

use application::ports::StoreError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Executor, PgConnection, PgPool, Postgres, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
    pool::PoolOptions,
    postgres::PgConnectOptions,
};
use tokio::time::timeout;

pub(crate) use neighbours::Neighbours;

use crate::sql::{Pool, Probe, Stores, broken, head, migration_error, store_error, versions};

const MIGRATIONS: [(i64, &str, &str); 12] = [
    (
        1,
        "events",
        include_str!("../../../migrations/postgres/0001_events.sql"),
    ),
    (
        2,
        "tables",
        include_str!("../../../migrations/postgres/0002_tables.sql"),
    ),
    (
        3,
        "append_batch",
        include_str!("../../../migrations/postgres/0003_append_batch.sql"),
    ),
    (
        4,
        "events of a tenant",
        include_str!("../../../migrations/postgres/0004_events_of_a_tenant.sql"),
    ),
    (5, "jobs", include_str!("../../../migrations/postgres/0005_jobs.sql")),
    (6, "mail", include_str!("../../../migrations/postgres/0006_mail.sql")),
    (
        7,
        "parked events",
        include_str!("../../../migrations/postgres/0007_parked_events.sql"),
    ),
    (
        8,
        "account turns",
        include_str!("../../../migrations/postgres/0008_account_turns.sql"),
    ),
    (
        9,
        "refresh",
        include_str!("../../../migrations/postgres/0009_refresh.sql"),
    ),
    (
        10,
        "health",
        include_str!("../../../migrations/postgres/0010_health.sql"),
    ),
    (
        11,
        "put off",
        include_str!("../../../migrations/postgres/0011_put_off.sql"),
    ),
    (
        12,
        "vault rows as read",
        include_str!("../../../migrations/postgres/0012_vault_rows_as_read.sql"),
    ),
];

const VERSIONS: [i64; MIGRATIONS.len()] = versions(&MIGRATIONS);

/// So long a connection may take to come back to its pool, before it counts as dead.
const LONGEST_RETURN: Duration = Duration::from_secs(2);

/// Where the database is, and how long we wait for it.
#[derive(Clone, Debug)]
pub struct Options {
    /// `postgres://user:password@host:port/database`; the connection that appends goes there directly too, so not through a
    /// pooler that forbids session settings.
    pub url: SecretString,
    /// Connections for all but appending.
    pub connections: u32,
    /// How long a request waits for one of them.
    pub acquire_timeout: Duration,
    /// How long an append may wait for the log's lock.
    pub lock_timeout: Duration,
    /// How long an append may take.
    pub statement_timeout: Duration,
}

impl Options {
    /// A database, with times that suit a server nearby.
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            connections: 10,
            acquire_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
        }
    }

    pub(crate) fn connect_options(&self) -> Result<PgConnectOptions, StoreError> {
        let options = PgConnectOptions::from_str(self.url.expose_secret());
        let options = options.map_err(|_| broken("the address of the database cannot be read"))?;
        Ok(options.application_name("grantlink"))
    }
}

/// Opens the stores over a database, which [`migrate`] prepared.
///
/// # Errors
/// When the database cannot be reached or holds something else.
pub async fn connect(options: &Options) -> Result<Stores, StoreError> {
    let pool = Pool::Postgres(open_pool(options).await?);
    let head = head(&pool).await?;
    let writer = writer::PgWriter::connect(options).await?;
    let mut stores = Stores::new(pool, probe(options)?, writer, head);
    stores.neighbours = Some(Arc::new(Neighbours::listen(options, stores.announcer())?));
    Ok(stores)
}

/// A way to look at a database that changes nothing there, on a connection of its own, which is made when it is needed.
///
/// # Errors
/// When the address cannot be read.
pub fn probe(options: &Options) -> Result<Probe, StoreError> {
    let pool = PoolOptions::<Postgres>::new()
        .max_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .after_release(|connection, _| Box::pin(roll_back(connection)))
        .connect_lazy_with(options.connect_options()?);
    Ok(Probe::new(Pool::Postgres(pool), &VERSIONS))
}

/// Brings the database to this version's schema. It may run again and again, and on several nodes at once: they take turns.
///
/// # Errors
/// When the database cannot be reached, or was prepared by a newer version.
pub async fn migrate(options: &Options) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let pool = open_pool(options).await?;
    let done = Migrator::with_migrations(migrations.to_vec()).run(&pool).await;
    pool.close().await;
    done.map_err(migration_error)
}

/// Opens a pool without session settings, so that a pooler may stand before it.
///
/// Every connection that comes back is rolled back first: after a cancelled `begin` it may hold an open transaction, into
/// which later writes would vanish.
///
/// # Errors
/// When the database cannot be reached.
pub async fn open_pool(options: &Options) -> Result<PgPool, StoreError> {
    PoolOptions::<Postgres>::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire_timeout)
        .after_release(|connection, _| Box::pin(roll_back(connection)))
        .connect_with(options.connect_options()?)
        .await
        .map_err(store_error)
}

/// What a pool does with a connection that comes back: after a cancelled `begin` it may hold an open transaction.
///
/// Within a time, because sqlx gives a connection none to come back (issue 4349): one whose line fell silent would keep its
/// place in the pool for ever. BEGIN first, because a ROLLBACK without a transaction is a warning in the server's log, each
/// time. In a transaction that failed it is an error, which ends the connection.
pub(crate) async fn roll_back(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let rolled_back = timeout(LONGEST_RETURN, connection.execute("BEGIN; ROLLBACK")).await;
    rolled_back.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|_| true)
}
