//! The pooled connections of either database, behind one face.

use application::ports::StoreError;
use sqlx::{Arguments, Database, Encode, PgPool, Postgres, Sqlite, SqlitePool, Transaction, Type, query::Query};

use super::{Row, Value, store_error};

/// The pool for everything but appending to the log. It was made by `open_pool`, which installs the rollback hook.
#[derive(Clone)]
pub(crate) enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Pool {
    /// Reads in one statement.
    pub(crate) async fn read(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Postgres(pool) => {
                let rows = bound(sql, values).fetch_all(pool).await.map_err(store_error)?;
                rows.iter().map(Row::of_postgres).collect()
            }
            Self::Sqlite(pool) => {
                let rows = bound(sql, values).fetch_all(pool).await.map_err(store_error)?;
                rows.iter().map(Row::of_sqlite).collect()
            }
        }
    }

    /// The first row of what is read, if any.
    pub(crate) async fn read_one(&self, sql: &'static str, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.read(sql, values).await?.pop())
    }

    /// Writes one statement in an explicit transaction: a pooled autocommit write can be lost after it was acknowledged when
    /// the connection came back with an open transaction (sqlx up to 0.9.0). Answers how many rows changed.
    pub(crate) async fn write(&self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        let mut work = self.begin().await?;
        let changed = work.write(sql, values).await?;
        work.commit().await?;
        Ok(changed)
    }

    /// Begins a transaction that writes. `SQLite` takes its write lock at once: one that began to read could not get it later.
    pub(crate) async fn begin(&self) -> Result<Work, StoreError> {
        match self {
            Self::Postgres(pool) => pool.begin().await.map(Work::Postgres).map_err(store_error),
            Self::Sqlite(pool) => {
                let work = pool.begin_with("BEGIN IMMEDIATE").await;
                work.map(Work::Sqlite).map_err(store_error)
            }
        }
    }

    /// Begins a transaction that reads, and sees one moment, whatever is written meanwhile.
    pub(crate) async fn snapshot(&self) -> Result<Work, StoreError> {
        match self {
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                pool.begin_with(begin).await.map(Work::Postgres).map_err(store_error)
            }
            Self::Sqlite(pool) => pool.begin().await.map(Work::Sqlite).map_err(store_error),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(pool) => pool.close().await,
        }
    }
}

/// A transaction of either database; dropped, it rolls back.
pub(crate) enum Work {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Work {
    /// Runs a statement that answers rows (`RETURNING`).
    pub(crate) async fn returning(&mut self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Postgres(work) => {
                let rows = bound(sql, values).fetch_all(&mut **work).await.map_err(store_error)?;
                rows.iter().map(Row::of_postgres).collect()
            }
            Self::Sqlite(work) => {
                let rows = bound(sql, values).fetch_all(&mut **work).await.map_err(store_error)?;
                rows.iter().map(Row::of_sqlite).collect()
            }
        }
    }

    /// Runs a statement and answers how many rows changed.
    pub(crate) async fn write(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        match self {
            Self::Postgres(work) => {
                let done = bound(sql, values).execute(&mut **work).await.map_err(store_error)?;
                Ok(done.rows_affected())
            }
            Self::Sqlite(work) => {
                let done = bound(sql, values).execute(&mut **work).await.map_err(store_error)?;
                Ok(done.rows_affected())
            }
        }
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(work) => work.commit().await.map_err(store_error),
            Self::Sqlite(work) => work.commit().await.map_err(store_error),
        }
    }
}

/// A statement with its parameters.
pub(crate) fn bound<DB>(sql: &'static str, values: Vec<Value>) -> Query<'static, DB, DB::Arguments>
where
    DB: Database,
    DB::Arguments: Arguments<Database = DB>,
    i64: Encode<'static, DB> + Type<DB>,
    String: Encode<'static, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
{
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Null => query.bind(None::<Vec<u8>>),
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(Some(value)),
    })
}
