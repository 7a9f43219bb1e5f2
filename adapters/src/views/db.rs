//! One small way to speak to both databases: constant statements, cells in, cells out.

use std::{path::Path, time::Duration};

use application::ports::StoreError;
use projections::view::{Cell, Kind};
use sqlx::{
    PgPool, Postgres, Row, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::statements::Making;
use crate::{postgres, sqlite};

/// How long `SQLite` waits for another process that writes, such as a rebuild from the command line.
const BUSY: Duration = Duration::from_secs(10);
/// So long one that writes much leaves the file to others after each of its transactions.
const LET: Duration = Duration::from_millis(10);
const SQLITE_READERS: u32 = 4;

/// Taken while tables are made, so that nodes that start at once do not stumble over each other. The log uses another number.
const MAKING_TABLES: i64 = 0x6772_616e_7476_6965;

/// A database that keeps views.
pub(super) enum Db {
    /// A file of its own: one connection writes, so that writers queue instead of colliding, and others read.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    /// The installation's database.
    Postgres(PgPool),
}

/// An open transaction; dropping it rolls it back.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A statement with its values.
macro_rules! bound {
    ($sql:expr, $cells:expr) => {
        $cells.iter().fold(sqlx::query($sql), |query, cell| match cell {
            Cell::Text(text) => query.bind(text.clone()),
            Cell::Integer(number) => query.bind(*number),
        })
    };
}

/// A statement's answer as cells.
macro_rules! cells {
    ($rows:expr, $kinds:expr) => {
        $rows
            .iter()
            .map(|row| {
                let cell = |(index, kind): (usize, &Kind)| match kind {
                    Kind::Text | Kind::Personal => row.try_get(index).map(Cell::Text),
                    Kind::Integer => row.try_get(index).map(Cell::Integer),
                };
                $kinds.iter().enumerate().map(cell).collect::<Result<Vec<_>, _>>()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(failed)
    };
}

impl Db {
    /// A file that can be thrown away at any time: what it holds is folded from the log again.
    pub(super) async fn sqlite(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            // What is deleted or overwritten is zeroed in the file: names stand here in the clear.
            .pragma("secure_delete", "ON")
            .busy_timeout(BUSY);
        let pool = |size| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .after_release(|connection, _| Box::pin(sqlite::roll_back(connection)))
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        let readers = pool(SQLITE_READERS).connect_with(options).await.map_err(failed)?;
        Ok(Self::Sqlite { writer, readers })
    }

    pub(super) async fn postgres(options: PgConnectOptions, connections: u32) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .after_release(|connection, _| Box::pin(postgres::roll_back(connection)));
        Ok(Self::Postgres(pool.connect_with(options).await.map_err(failed)?))
    }

    /// Makes what is not there yet. On `PostgreSQL` what exists is left alone altogether: `CREATE INDEX IF NOT EXISTS` locks its
    /// table before it looks, so a node that starts would lock out, or deadlock with, one that writes.
    pub(super) async fn make_tables(&self, statements: &[Making]) -> Result<(), StoreError> {
        let mut tx = self.write_through().await?;
        if let Tx::Postgres(tx) = &mut tx {
            let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MAKING_TABLES);
            lock.execute(&mut **tx).await.map_err(failed)?;
        }
        for statement in statements {
            if !tx.has(statement.name.as_deref()).await? {
                tx.execute(statement.sql, &[]).await?;
            }
        }
        tx.commit().await
    }

    /// A transaction that writes, and whose commit does not wait for the disk: after a crash of the server rows and checkpoint may
    /// stand where they stood a moment earlier, and are folded again. Every flush would hold up the appends to the log.
    pub(super) async fn write(&self) -> Result<Tx, StoreError> {
        self.begin("BEGIN; SET LOCAL synchronous_commit = off").await
    }

    /// A transaction that writes what no fold would write again.
    pub(super) async fn write_through(&self) -> Result<Tx, StoreError> {
        self.begin("BEGIN").await
    }

    async fn begin(&self, on_postgres: &'static str) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Tx::Sqlite),
            Self::Postgres(pool) => pool.begin_with(on_postgres).await.map(Tx::Postgres),
        }
        .map_err(failed)
    }

    /// Gives the room of deleted rows back, where that does not happen by itself.
    pub(super) async fn vacuum(&self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()).map_err(failed),
        }
    }

    /// Where there is one writer, who waits for it in another process looks again every few milliseconds, and would hardly ever
    /// find a moment between two transactions that follow each other.
    pub(super) async fn let_others_write(&self) {
        if let Self::Sqlite { .. } = self {
            tokio::time::sleep(LET).await;
        }
    }

    /// A transaction that sees one moment, whatever is written meanwhile.
    pub(super) async fn snapshot(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => readers.begin().await.map(Tx::Sqlite),
            Self::Postgres(pool) => {
                let begin = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
                begin.await.map(Tx::Postgres)
            }
        }
        .map_err(failed)
    }

    /// Reads with one statement.
    pub(super) async fn fetch(
        &self,
        sql: &'static str,
        values: &[Cell],
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => {
                let rows = bound!(sql, values).fetch_all(readers).await.map_err(failed)?;
                cells!(rows, kinds)
            }
            Self::Postgres(pool) => {
                let rows = bound!(sql, values).fetch_all(pool).await.map_err(failed)?;
                cells!(rows, kinds)
            }
        }
    }

    /// Reads with one statement whose only value is a list of keys.
    pub(super) async fn fetch_under(
        &self,
        sql: &'static str,
        keys: &[String],
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => {
                let keys = serde_json::to_string(keys).unwrap_or_default(); // texts always become JSON
                let rows = sqlx::query(sql).bind(keys).fetch_all(readers).await.map_err(failed)?;
                cells!(rows, kinds)
            }
            Self::Postgres(pool) => {
                let rows = sqlx::query(sql).bind(keys).fetch_all(pool).await.map_err(failed)?;
                cells!(rows, kinds)
            }
        }
    }
}

impl Tx {
    /// How many rows the statement touched.
    pub(super) async fn execute(&mut self, sql: &'static str, values: &[Cell]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => {
                let done = bound!(sql, values).execute(&mut **tx).await;
                done.map(|done| done.rows_affected())
            }
            Self::Postgres(tx) => {
                let done = bound!(sql, values).execute(&mut **tx).await;
                done.map(|done| done.rows_affected())
            }
        }
        .map_err(failed)
    }

    /// Whether a table or index is known to exist; `SQLite` looks by itself.
    async fn has(&mut self, name: Option<&str>) -> Result<bool, StoreError> {
        match (self, name) {
            (Self::Postgres(tx), Some(name)) => {
                let looked = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(name);
                looked.fetch_one(&mut **tx).await.map_err(failed)
            }
            (Self::Sqlite(_), _) | (_, None) => Ok(false),
        }
    }

    pub(super) async fn fetch(
        &mut self,
        sql: &'static str,
        values: &[Cell],
        kinds: &[Kind],
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        match self {
            Self::Sqlite(tx) => {
                let rows = bound!(sql, values).fetch_all(&mut **tx).await.map_err(failed)?;
                cells!(rows, kinds)
            }
            Self::Postgres(tx) => {
                let rows = bound!(sql, values).fetch_all(&mut **tx).await.map_err(failed)?;
                cells!(rows, kinds)
            }
        }
    }

    /// Whether a statement takes lists as values.
    pub(super) fn takes_lists(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Hands rows to a statement as a list for each column, on `PostgreSQL`.
    pub(super) async fn execute_lists(
        &mut self,
        sql: &'static str,
        rows: &[Vec<Cell>],
        kinds: &[Kind],
    ) -> Result<(), StoreError> {
        let Self::Postgres(tx) = self else {
            return Err(StoreError::Broken("SQLite takes no lists".to_owned()));
        };
        let lists = kinds.iter().enumerate().map(|(index, kind)| (index, *kind));
        let query = lists.fold(sqlx::query(sql), |query, (index, kind)| match kind {
            Kind::Text | Kind::Personal => query.bind(texts(rows, index)),
            Kind::Integer => query.bind(integers(rows, index)),
        });
        query.execute(&mut **tx).await.map_err(failed)?;
        Ok(())
    }

    /// Whether rows can be handed over in bulk.
    pub(super) fn copies(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Hands rows over in bulk, in `PostgreSQL`'s text form.
    pub(super) async fn copy(&mut self, sql: &'static str, text: &[u8]) -> Result<(), StoreError> {
        let Self::Postgres(tx) = self else {
            return Err(StoreError::Broken("SQLite takes no rows in bulk".to_owned()));
        };
        let mut copy = tx.copy_in_raw(sql).await.map_err(failed)?;
        copy.send(text).await.map_err(failed)?;
        copy.finish().await.map_err(failed)?;
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(failed)
    }

    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
        .map_err(failed)
    }
}

/// One column of some rows.
fn texts(rows: &[Vec<Cell>], index: usize) -> Vec<Option<String>> {
    let text = |row: &Vec<Cell>| match row.get(index) {
        Some(Cell::Text(text)) => text.clone(),
        _ => None,
    };
    rows.iter().map(text).collect()
}

/// The same of numbers.
fn integers(rows: &[Vec<Cell>], index: usize) -> Vec<Option<i64>> {
    let number = |row: &Vec<Cell>| match row.get(index) {
        Some(Cell::Integer(number)) => *number,
        _ => None,
    };
    rows.iter().map(number).collect()
}

/// Trouble that passes (busy, away, full, a deadlock) is told apart from what cannot be.
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
fn failed(error: sqlx::Error) -> StoreError {
    let text = error.to_string();
    match &error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(text),
        sqlx::Error::Database(database) if passes(database.as_ref()) => StoreError::Unavailable(text),
        _ => StoreError::Broken(text),
    }
}

fn passes(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if let Some(code) = error
        .try_downcast_ref::<sqlx::sqlite::SqliteError>()
        .and_then(|_| code.parse::<u32>().ok())
    {
        return matches!(code & 0xff, 5 | 6 | 10 | 13); // busy, locked, I/O, full
    }
    // connection, rollback by the server, resources, operator intervention
    ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Future, poll_fn},
        pin::pin,
        task::Poll,
    };

    use super::*;

    /// Polls a future so many times and drops it then, wherever it stands.
    async fn dropped_after(polls: u32, future: impl Future) {
        let mut future = pin!(future);
        let mut left = polls;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            future.as_mut().poll(context).map(drop)
        })
        .await;
    }

    /// When the transaction of this statement began: the same for two statements only if they share one.
    async fn began(db: &Db) -> Vec<Vec<Cell>> {
        let began = "SELECT (extract(epoch FROM now()) * 1000000)::bigint";
        db.fetch(began, &[], &[Kind::Integer]).await.unwrap()
    }

    /// A caller that goes away while its transaction begins leaves no open transaction to the next one, in which autocommitted
    /// writes would be acknowledged and lost.
    /// Mutant: without the hook on release this fails.
    #[tokio::test]
    async fn a_cancelled_begin_leaves_no_transaction_behind() {
        let url =
            std::env::var("GRANTLINK_TEST_POSTGRES").expect("GRANTLINK_TEST_POSTGRES is not set: give a server's URL");
        let db = Db::postgres(url.parse().unwrap(), 1).await.unwrap();
        for polls in 1..40 {
            dropped_after(polls, db.write()).await;
            let first = began(&db).await;
            assert_ne!(began(&db).await, first, "one transaction is open after {polls} polls");
        }
    }
}
