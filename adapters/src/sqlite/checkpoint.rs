//! Moves what was written from the write-ahead log into the file, away from the path of commits: a checkpoint at commit time
//! is what makes the slowest commits slow.

use sqlx::{Executor, SqliteConnection};
use tokio::{sync::mpsc, task::JoinHandle};

/// A checkpoint is due after so many events.
const EVENTS: usize = 1_000;

/// A task that checkpoints when it is told that enough was written.
pub(super) struct Checkpoints {
    since: usize,
    due: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

impl Checkpoints {
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (due, calls) = mpsc::channel(1);
        let task = tokio::spawn(run(connection, calls));
        Self { since: 0, due, task }
    }

    pub(super) fn wrote(&mut self, events: usize) {
        self.since += events;
        // A call that finds one waiting is not needed.
        if self.since >= EVENTS && self.due.try_send(()).is_ok() {
            self.since = 0;
        }
    }

    pub(super) async fn close(self) {
        drop(self.due);
        self.task.await.ok();
    }
}

async fn run(mut connection: SqliteConnection, mut calls: mpsc::Receiver<()>) {
    while calls.recv().await.is_some() {
        // Passive: it waits for nobody; what it could not move, the next one moves.
        if let Err(error) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").await {
            tracing::warn!(error = %crate::sql::store_error(error), "a checkpoint failed");
        }
    }
    sqlx::Connection::close(connection).await.ok();
}
