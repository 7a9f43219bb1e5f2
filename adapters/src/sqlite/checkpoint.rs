//! Moves what was written from the write-ahead log into the file, away from the path of commits: a checkpoint at commit time
//! is what makes the slowest commits slow.
//!
//! A checkpoint that waits for nobody (`PASSIVE`) leaves behind what was written meanwhile, and `SQLite` begins the write-ahead
//! log anew only when nothing is left: under constant load never. So once it has grown long, the writer itself moves that small
//! rest between two batches. A reader's open snapshot keeps the rest from being small; then nobody does anything, and the
//! write-ahead log grows until the reader is done.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use application::ports::StoreError;
use domain::log::Recorded;
use sqlx::{Executor, SqliteConnection};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::sql::{Row, store_error};

/// The write-ahead log's file is cut to so many bytes when it begins anew.
pub(super) const WAL_LIMIT: u32 = 16 << 20;
/// It should begin anew after so many pages: half of that.
const LONG: i64 = 2_048;
/// A checkpoint is due after so many events; one that fills pages of its own counts for each.
const DUE: usize = 1_000;
const PAGE: usize = 4_096;

/// What an event counts towards the next checkpoint.
pub(super) fn weight(event: &Recorded) -> usize {
    1 + event.payload.len() / PAGE
}

/// A task that checkpoints when it is told that enough was written.
pub(super) struct Checkpoints {
    since: usize,
    due: mpsc::Sender<()>,
    rest: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Checkpoints {
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (due, calls) = mpsc::channel(1);
        let rest = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(run(connection, calls, rest.clone()));
        Self {
            since: 0,
            due,
            rest,
            task,
        }
    }

    pub(super) fn wrote(&mut self, weight: usize) {
        self.since += weight;
        // A call that finds one waiting is not needed.
        if self.since >= DUE && self.due.try_send(()).is_ok() {
            self.since = 0;
        }
    }

    /// Moves the small rest of a long write-ahead log, on the connection that writes and so while nobody does: what it writes
    /// next begins the write-ahead log anew.
    pub(super) async fn move_rest(&self, connection: &mut SqliteConnection) {
        if self.rest.swap(false, Ordering::Relaxed) {
            checkpoint(connection).await;
        }
    }

    pub(super) async fn close(self) {
        drop(self.due);
        self.task.await.ok();
    }
}

async fn run(mut connection: SqliteConnection, mut calls: mpsc::Receiver<()>, rest: Arc<AtomicBool>) {
    while calls.recv().await.is_some() {
        let is_long = checkpoint(&mut connection).await;
        rest.store(is_long, Ordering::Relaxed);
    }
    sqlx::Connection::close(connection).await.ok();
}

/// Whether the write-ahead log is long though no reader kept it: what is left was written meanwhile.
async fn checkpoint(connection: &mut SqliteConnection) -> bool {
    match passive(connection).await {
        Ok((pages, moved)) => pages >= LONG && moved == pages,
        Err(error) => {
            tracing::warn!(%error, "a checkpoint failed");
            false
        }
    }
}

/// How many pages the write-ahead log had when it began, and how many of them are in the file now. Both are -1 when another
/// checkpoint was under way: this one did nothing, and the next one will.
async fn passive(connection: &mut SqliteConnection) -> Result<(i64, i64), StoreError> {
    let row = connection.fetch_one("PRAGMA wal_checkpoint(PASSIVE)").await;
    let mut row = Row::of_sqlite(&row.map_err(store_error)?)?;
    row.int()?;
    Ok((row.int()?, row.int()?))
}
