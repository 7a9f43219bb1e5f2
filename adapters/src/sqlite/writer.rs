use std::{path::Path, sync::Arc};

use application::ports::{StoreError, clock::Clock, log::Commit};
use sqlx::{Connection, SqliteConnection};

use super::{
    append::{Tail, append},
    checkpoint::Checkpoints,
    close, connect, options,
};
use crate::sql::{Backend, Outcome, refuse_all, store_error};

/// The connection that appends.
pub(super) struct SqliteWriter {
    connection: SqliteConnection,
    checkpoints: Checkpoints,
    clock: Arc<dyn Clock>,
}

impl SqliteWriter {
    pub(super) async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let connection = connect(options(path).pragma("wal_autocheckpoint", "0")).await?;
        let checkpoints = Checkpoints::start(connect(options(path)).await?);
        Ok(Self {
            connection,
            checkpoints,
            clock,
        })
    }

    /// One transaction and one flush for the batch; each member has a savepoint, so that it fails alone.
    async fn transaction(&mut self, batch: &[Commit]) -> Result<Vec<Outcome>, StoreError> {
        let mut work = self
            .connection
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(store_error)?;
        let mut tail = Tail::read(&mut work, self.clock.now()).await?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for commit in batch {
            let mut member = work.begin().await.map_err(store_error)?;
            let before = tail;
            let outcome = append(&mut member, commit, &mut tail).await;
            if outcome.is_ok() {
                member.commit().await.map_err(store_error)?;
            } else {
                tail = before;
                member.rollback().await.map_err(store_error)?;
            }
            outcomes.push(outcome);
        }
        work.commit().await.map_err(store_error)?;
        Ok(outcomes)
    }
}

impl Backend for SqliteWriter {
    const MATES_MAY_DEPEND: bool = true;

    async fn write(&mut self, batch: &[Commit]) -> Vec<Outcome> {
        match self.transaction(batch).await {
            Ok(outcomes) => {
                let events = batch
                    .iter()
                    .map(|commit| commit.appends.len() + commit.observations.len());
                self.checkpoints.wrote(events.sum());
                outcomes
            }
            Err(error) => refuse_all(&error, batch.len()),
        }
    }

    async fn close(self) {
        self.checkpoints.close().await;
        if let Err(error) = close(self.connection).await {
            tracing::warn!(%error, "the log's connection did not close cleanly");
        }
    }
}
