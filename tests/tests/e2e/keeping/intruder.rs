//! Somebody who holds the database's password, and changes the log behind its back.

use grantlink_tests::conformance::{Database, Kind};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

/// A connection past the stores, with the triggers out of the way.
pub(crate) enum Intruder {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Intruder {
    pub(crate) async fn enter(database: &Database) -> anyhow::Result<Self> {
        Ok(match database.kind() {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(&database.path()?.to_string_lossy()).await?;
                connection
                    .execute("PRAGMA synchronous = OFF; DROP TRIGGER events_are_never_updated; DROP TRIGGER events_are_never_deleted")
                    .await?;
                Self::Sqlite(connection)
            }
            Kind::Postgres => {
                let mut connection = database.connection().await?;
                connection.execute("ALTER TABLE events DISABLE TRIGGER ALL").await?;
                Self::Postgres(connection)
            }
        })
    }

    /// Runs a statement that both databases understand.
    pub(crate) async fn run(&mut self, sql: &'static str, numbers: &[i64]) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => {
                let query = numbers
                    .iter()
                    .fold(sqlx::query(sql), |query, number| query.bind(*number));
                query.execute(connection).await?;
            }
            Self::Postgres(connection) => {
                let query = numbers
                    .iter()
                    .fold(sqlx::query(sql), |query, number| query.bind(*number));
                query.execute(connection).await?;
            }
        }
        Ok(())
    }
}
