//! What both databases share: the statements of the small tables, reading the log, and the task that writes it.
//!
//! `$1` stands for a parameter in both, ids are text and times are microseconds, so one statement serves both. Only appending
//! to the log differs: see `postgres` and `sqlite`.

mod accounts;
mod answers;
mod attempts;
mod check;
mod dialects;
mod error;
mod figures;
mod files;
mod grouped;
mod hash;
mod images;
mod jobs;
mod log;
mod mail;
mod moving;
mod pool;
mod probe;
mod receipts;
mod refreshes;
mod rewrap;
mod row;
mod vault;
mod writer;

use std::sync::Arc;

use application::ports::{
    accounts::AccountTurns,
    attempts::Attempts,
    health::Answers,
    images::Images,
    jobs::Jobs,
    log::{Commit, CommitError, EventLog},
    mail::MailRecords,
    receipts::Receipts,
    refreshes::Refreshes,
    vault::{Place, Vault},
};
use domain::log::{Position, StreamId};
use tokio::sync::watch;

use crate::postgres::Neighbours;

pub use check::{Flaw, LogCheck};
pub(crate) use error::{broken, migration_error, store_error, unavailable};
pub use figures::LogFigures;
pub(crate) use files::truncate_wal;
pub use hash::event_hash;
pub(crate) use log::{RECEIPT, head, receipt, receipt_values, signed};
pub(crate) use moving::{Importing, Snapshot};
pub(crate) use pool::{Pool, bound};
pub(crate) use probe::versions;
pub use probe::{Probe, ServerSettings};
pub use rewrap::{Refused, Rewrapped};
pub(crate) use row::{Row, Value};
pub(crate) use vault::place_values;
pub(crate) use writer::{Backend, Outcome, refuse_all};

/// The stores of an installation, over one database.
#[derive(Clone)]
pub struct Stores {
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The end of stored answers.
    pub receipts: Arc<dyn Receipts>,
    /// The vault's rows.
    pub vault: Arc<dyn Vault>,
    /// Whose turn it is at a provider account.
    pub accounts: Arc<dyn AccountTurns>,
    /// When credentials are renewed, and who read them.
    pub refreshes: Arc<dyn Refreshes>,
    /// The attempts' rows.
    pub attempts: Arc<dyn Attempts>,
    /// The stored images.
    pub images: Arc<dyn Images>,
    /// When providers last answered what connections are good for.
    pub answers: Arc<dyn Answers>,
    /// How mail accounts fare.
    pub mail: Arc<dyn MailRecords>,
    /// What is to be done by itself.
    pub jobs: Arc<dyn Jobs>,
    /// Looks whether the database answers.
    pub probe: Probe,
    /// What appending to the log counts.
    pub figures: LogFigures,
    pool: Pool,
    writer: writer::Writer,
    /// The connection to the other nodes, where there may be some.
    pub(crate) neighbours: Option<Arc<Neighbours>>,
}

impl Stores {
    pub(crate) fn new(pool: Pool, probe: Probe, backend: impl Backend, head: Position) -> Self {
        let figures = LogFigures::default();
        let writer = writer::Writer::start(backend, head, figures.clone());
        Self {
            log: Arc::new(log::Log::new(pool.clone(), writer.clone())),
            receipts: Arc::new(receipts::ReceiptRows::new(pool.clone())),
            vault: Arc::new(vault::VaultRows::new(pool.clone())),
            accounts: Arc::new(accounts::AccountRows::new(pool.clone())),
            refreshes: Arc::new(refreshes::RefreshRows::new(pool.clone())),
            attempts: Arc::new(attempts::AttemptRows::new(pool.clone())),
            images: Arc::new(images::ImageRows::new(pool.clone())),
            answers: Arc::new(answers::AnswerRows::new(pool.clone())),
            mail: Arc::new(mail::MailRows::new(pool.clone())),
            jobs: Arc::new(jobs::JobRows::new(pool.clone())),
            probe,
            figures,
            pool,
            writer,
            neighbours: None,
        }
    }

    /// Wakes whoever follows the log.
    pub(crate) fn announcer(&self) -> watch::Sender<Position> {
        self.writer.announcer()
    }

    /// Writes what waits, refuses what comes after, and closes every connection.
    pub async fn close(&self) {
        if let Some(neighbours) = &self.neighbours {
            neighbours.hang_up();
        }
        self.writer.close().await;
        self.probe.close().await;
        self.pool.close().await;
    }
}

/// Refuses a commit that no stream could hold: what it appends must continue the streams that it expects.
pub(crate) fn check(commit: &Commit) -> Result<(), CommitError> {
    let mut next: std::collections::HashMap<_, _> = commit
        .expects
        .iter()
        .map(|expected| (&expected.stream, expected.version + 1))
        .collect();
    for event in &commit.appends {
        let sequence = next
            .get_mut(&event.stream)
            .ok_or_else(|| broken("an event's stream is not among the expected ones"))?;
        if event.sequence != *sequence {
            return Err(broken("an event's sequence does not continue its stream").into());
        }
        *sequence += 1;
    }
    let appended = |stream| commit.appends.iter().any(|event| &event.stream == stream);
    if commit.observations.iter().any(|seen| appended(&seen.stream)) {
        return Err(broken("an observation cannot stand in an aggregate's stream").into());
    }
    Ok(())
}

/// The conflict of a put on a place where another row stands; it is named by the row's kind and owner.
pub(crate) fn occupied(place: &Place) -> CommitError {
    CommitError::Conflict(StreamId {
        aggregate_type: place.record.kind(),
        aggregate_id: place.record.owner(),
    })
}
