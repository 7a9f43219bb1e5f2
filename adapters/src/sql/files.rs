//! What deleted rows leave behind in the database's own files.

use application::ports::StoreError;
use sqlx::{Executor, SqlitePool};

use super::{Pool, Row, Stores, store_error};

impl Stores {
    /// Overwrites what deleted rows left in the files of `SQLite`. `PostgreSQL` keeps dead rows until its vacuum, and
    /// that is not ours to force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overwrite(&self) -> Result<bool, StoreError> {
        match &self.pool {
            Pool::Postgres(_) => Ok(true),
            Pool::Sqlite(pool) => truncate_wal(pool).await,
        }
    }
}

/// Moves the whole write-ahead log into the file, where deleted content is zeroed, and cuts it to nothing: the pages as they were
/// before the deletion stood in it. False when a reader kept it from that.
pub(crate) async fn truncate_wal(pool: &SqlitePool) -> Result<bool, StoreError> {
    let row = pool.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let mut row = Row::of_sqlite(&row.map_err(store_error)?)?;
    Ok(row.int()? == 0)
}
