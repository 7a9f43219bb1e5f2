use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use adapters::{postgres, sql::Stores, sqlite};
use anyhow::{Context, ensure};
use application::ports::clock::Clock;
use domain::Timestamp;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tempfile::TempDir;

use super::id;

/// Which database a story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file in a directory of its own.
    Sqlite,
    /// A database of its own on the server that `GRANTLINK_TEST_POSTGRES` names.
    Postgres,
}

/// An empty database with our schema, for one story.
#[derive(Clone)]
pub struct Database(Arc<Place>);

enum Place {
    Sqlite(TempDir),
    Postgres { server: String, name: String },
}

/// Runs a story on a new database, which is gone afterwards, whatever the story did.
///
/// # Errors
/// When the story fails, or there is no database to run it on.
pub async fn run<F, S>(kind: Kind, story: S) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
    S: FnOnce(Database) -> F,
{
    let database = Database::create(kind).await?;
    let outcome = tokio::spawn(story(database.clone())).await;
    let gone = database.destroy().await;
    match outcome {
        Ok(outcome) => outcome.and(gone),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

impl Database {
    async fn create(kind: Kind) -> anyhow::Result<Self> {
        match kind {
            Kind::Sqlite => Self::in_folder(&std::env::temp_dir()).await,
            Kind::Postgres => {
                let server = std::env::var("GRANTLINK_TEST_POSTGRES");
                Self::on_server(server.context("GRANTLINK_TEST_POSTGRES names no server: run cargo xtask test")?).await
            }
        }
    }

    /// One in a folder of somebody's choice, or rather in a new one there.
    ///
    /// # Errors
    /// When it cannot be made there.
    pub async fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let database = Self(Arc::new(Place::Sqlite(tempfile::tempdir_in(folder)?)));
        database.migrate().await?;
        Ok(database)
    }

    /// One on a server of the story's own; it ends with that.
    ///
    /// # Errors
    /// When it cannot be made there.
    pub async fn on_server(server: String) -> anyhow::Result<Self> {
        let name = format!("grantlink_test_{}_{}", std::process::id(), id().simple());
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        administer(&server, create).await?;
        let database = Self(Arc::new(Place::Postgres { server, name }));
        database.migrate().await?;
        Ok(database)
    }

    /// Drops it, where it does not go by itself.
    ///
    /// # Errors
    /// When it cannot be dropped.
    pub async fn destroy(self) -> anyhow::Result<()> {
        match self.0.as_ref() {
            Place::Sqlite(_) => Ok(()), // the directory goes with the last owner
            Place::Postgres { server, name } => administer(server, format!("DROP DATABASE {name} WITH (FORCE)")).await,
        }
    }

    /// Which one it is.
    pub fn kind(&self) -> Kind {
        match self.0.as_ref() {
            Place::Sqlite(_) => Kind::Sqlite,
            Place::Postgres { .. } => Kind::Postgres,
        }
    }

    /// The log's file, on `SQLite`.
    ///
    /// # Errors
    /// On `PostgreSQL`.
    pub fn path(&self) -> anyhow::Result<PathBuf> {
        match self.0.as_ref() {
            Place::Sqlite(directory) => Ok(directory.path().join("log.db")),
            Place::Postgres { .. } => anyhow::bail!("a database on a server has no file"),
        }
    }

    /// The database's address, on `PostgreSQL`.
    ///
    /// # Errors
    /// On `SQLite`.
    pub fn url(&self) -> anyhow::Result<String> {
        match self.0.as_ref() {
            Place::Sqlite(_) => anyhow::bail!("a file has no address"),
            Place::Postgres { server, name } => at_database(server, name),
        }
    }

    /// The options that lead there, on `PostgreSQL`.
    ///
    /// # Errors
    /// On `SQLite`.
    pub fn options(&self) -> anyhow::Result<postgres::Options> {
        Ok(postgres::Options::new(self.url()?.into()))
    }

    /// Brings it to our schema.
    ///
    /// # Errors
    /// When it cannot be brought there.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        match self.kind() {
            Kind::Sqlite => sqlite::migrate(&self.path()?).await?,
            Kind::Postgres => postgres::migrate(&self.options()?).await?,
        }
        Ok(())
    }

    /// Opens the stores over it, as a node does.
    ///
    /// # Errors
    /// When they do not open.
    pub async fn open(&self) -> anyhow::Result<Stores> {
        Ok(match self.kind() {
            Kind::Sqlite => sqlite::open(&self.path()?, Arc::new(WallClock)).await?,
            Kind::Postgres => postgres::connect(&self.options()?).await?,
        })
    }

    /// Runs a statement past the stores, as an operator or an intruder could, with the settings of our own connections.
    ///
    /// # Errors
    /// What the database says.
    pub async fn execute(&self, sql: &'static str) -> anyhow::Result<()> {
        match self.kind() {
            Kind::Sqlite => {
                let pool = sqlite::open_pool(&self.path()?, 1).await?;
                let done = pool.execute(sql).await;
                pool.close().await;
                done?;
            }
            Kind::Postgres => {
                self.connection().await?.execute(sql).await?;
            }
        }
        Ok(())
    }

    /// A connection of its own, on `PostgreSQL`.
    ///
    /// # Errors
    /// On `SQLite`, or when the server is away.
    pub async fn connection(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.url()?).await?)
    }

    /// Keeps everybody from appending until it is dropped.
    ///
    /// # Errors
    /// When the lock is not to be had.
    pub async fn hold_the_log(&self) -> anyhow::Result<Hold> {
        self.hold("SELECT pg_advisory_lock(7454127460279152235)").await
    }

    /// Keeps everybody from changing the vault until it is dropped.
    ///
    /// # Errors
    /// When the lock is not to be had.
    pub async fn hold_the_vault(&self) -> anyhow::Result<Hold> {
        self.hold("BEGIN; LOCK TABLE vault IN EXCLUSIVE MODE").await
    }

    /// On `SQLite` there is one lock for all.
    async fn hold(&self, on_postgres: &'static str) -> anyhow::Result<Hold> {
        match self.kind() {
            Kind::Sqlite => {
                let path = self.path()?;
                let mut connection = SqliteConnection::connect(&path.to_string_lossy()).await?;
                connection.execute("BEGIN IMMEDIATE").await?;
                Ok(Hold::Sqlite(connection))
            }
            Kind::Postgres => {
                let mut connection = self.connection().await?;
                connection.execute(on_postgres).await?;
                Ok(Hold::Postgres(connection))
            }
        }
    }
}

/// A lock, in a stranger's hand.
pub enum Hold {
    /// An open transaction.
    Sqlite(SqliteConnection),
    /// A session that holds the lock.
    Postgres(PgConnection),
}

impl Hold {
    /// Lets it go.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn release(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.close().await?,
            Self::Postgres(connection) => connection.close().await?,
        }
        Ok(())
    }
}

struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the stories run in real time")]
    fn now(&self) -> Timestamp {
        let now = chrono::Utc::now();
        Timestamp::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}

/// A database's name cannot be a parameter; this one is made here.
async fn administer(server: &str, statement: String) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(server)
        .await
        .context("the test server does not answer")?;
    connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    connection.close().await?;
    Ok(())
}

/// The same server and user, another database.
fn at_database(server: &str, name: &str) -> anyhow::Result<String> {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let (scheme, rest) = address.split_once("://").context("no database address")?;
    let authority = rest.split('/').next().unwrap_or_default();
    ensure!(!authority.is_empty(), "the address names no server");
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    Ok(format!("{scheme}://{authority}/{name}{options}"))
}
