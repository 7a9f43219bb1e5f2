//! The connection that appends: owned by the writing task, never pooled, never cancelled.

use std::{path::Path, sync::Arc};

use application::ports::{StoreError, clock::Clock, log::Commit};
use domain::Timestamp;
use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    checkpoint::{Checkpoints, WAL_LIMIT, weight},
    close, connect,
    look::look,
    options, roll_back,
    write::{STATEMENTS, write},
};
use crate::sql::{Backend, Outcome, refuse_all};

pub(super) struct SqliteWriter {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    checkpoints: Checkpoints,
    clock: Arc<dyn Clock>,
}

impl SqliteWriter {
    pub(super) async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let options_of_appends = options(path)
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", WAL_LIMIT.to_string())
            .statement_cache_capacity(2 * STATEMENTS);
        let connection = connect(options_of_appends.clone()).await?;
        let checkpoints = Checkpoints::start(connect(options(path)).await?);
        Ok(Self {
            options: options_of_appends,
            connection: Some(connection),
            checkpoints,
            clock,
        })
    }

    /// One transaction and one flush for the batch. Its members are judged before anything is written: who is refused leaves
    /// nothing to take back.
    async fn transaction(&mut self, batch: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(self.options.clone()).await?,
        };
        self.checkpoints.move_rest(&mut connection).await;
        let done = append(&mut connection, batch, self.clock.now()).await;
        // After an error the transaction may be open still. A connection that cannot be known to be clean goes.
        if done.is_ok() || roll_back(&mut connection).await.unwrap_or(false) {
            self.connection = Some(connection);
        }
        let (outcomes, weight) = done?;
        self.checkpoints.wrote(weight);
        Ok(outcomes)
    }

    async fn singly(&mut self, batch: &[Commit]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for commit in batch.chunks(1) {
            let outcome = self.transaction(commit).await;
            outcomes.extend(outcome.unwrap_or_else(|error| refuse_all(&error, 1)));
        }
        outcomes
    }
}

/// Answers each member in order, and how much of a checkpoint's due was written.
async fn append(
    connection: &mut SqliteConnection,
    batch: &[Commit],
    clock: Timestamp,
) -> Result<(Vec<Outcome>, usize), StoreError> {
    let mut log = look(connection, batch, clock).await?;
    let outcomes = batch.iter().map(|commit| log.judge(commit)).collect();
    let weight = log.changes.events.iter().map(weight).sum();
    write(connection, log.changes).await?;
    Ok((outcomes, weight))
}

impl Backend for SqliteWriter {
    /// Nobody has to wait for the next batch: the members are judged one after the other.
    async fn write(&mut self, batch: &[Commit]) -> Vec<Option<Outcome>> {
        let outcomes = match self.transaction(batch).await {
            Ok(outcomes) => outcomes,
            // One member broke it for all: each goes alone, so that only that one fails.
            Err(StoreError::Broken(_)) if batch.len() > 1 => self.singly(batch).await,
            Err(error) => refuse_all(&error, batch.len()),
        };
        outcomes.into_iter().map(Some).collect()
    }

    async fn close(self) {
        self.checkpoints.close().await;
        if let Some(connection) = self.connection
            && let Err(error) = close(connection).await
        {
            tracing::warn!(%error, "the log's connection did not close cleanly");
        }
    }
}
