//! What erasing a person needs beside the log and the vault: a ledger that no backup of the database brings back in time, and the
//! way to what the log does not hold.

use async_trait::async_trait;
use domain::{Timestamp, ids::AgencyId, log::Position, personal::Subject};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Somebody asked for it, and was entitled to. From here on it is finished, whatever happens.
    Begun,
    /// It was refused after all: nothing was erased.
    Withdrawn,
    /// Nothing of the person is left.
    Done,
}

/// A line of the ledger: ids and times, no personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Who is erased.
    pub subject: Subject,
    /// Of which agency.
    pub agency: AgencyId,
    /// How far it is.
    pub step: Step,
    /// When it came so far.
    pub at: Timestamp,
}

/// Who was erased, kept apart from the database: a backup that is put back does not know it, and is told again.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Adds a line; it is on the disk when this returns.
    async fn note(&self, entry: &LedgerEntry) -> Result<(), StoreError>;

    /// Every line, oldest first.
    async fn entries(&self) -> Result<Vec<LedgerEntry>, StoreError>;
}

/// What is left of a person outside the log and the vault.
#[async_trait]
pub trait Remains: Send + Sync {
    /// Empties the personal columns of everything that is shown about the subject. Where views follow the log, they are waited
    /// for until they know of the erasure, which stands at that position; false when they took too long.
    async fn drop_from_views(&self, subject: Subject, position: Position) -> Result<bool, StoreError>;

    /// Overwrites what deleted rows left in the database's own files, as far as that is in our hands. False when somebody was
    /// reading, and it has to be tried again.
    async fn overwrite(&self) -> Result<bool, StoreError>;
}
