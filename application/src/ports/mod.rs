//! What the use cases need from the world. The adapters implement it; nothing here knows how.

pub mod accounts;
pub mod attempts;
pub mod cipher;
pub mod clock;
pub mod erasure;
pub mod health;
pub mod images;
pub mod jobs;
pub mod links;
pub mod listings;
pub mod log;
pub mod mail;
pub mod provider;
pub mod receipts;
pub mod refreshes;
pub mod vault;

use domain::log::DecodeError;

/// Why a store could not answer. Its message never reaches a caller: it is logged once, where the request ends.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is busy or away; the same call may succeed later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store answered something that cannot be.
    #[error("the store failed: {0}")]
    Broken(String),
    /// A row of a view does not hold what its columns say. A rebuild of that view mends it.
    #[error("a row of the view {0} cannot be read until it is rebuilt")]
    UnreadableRow(&'static str),
}

impl From<DecodeError> for StoreError {
    /// What a newer node wrote is not damage: it can be read where that version runs, and here after the next update.
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::UnknownVersion { .. } => Self::Unavailable(error.to_string()),
            DecodeError::Malformed { .. } => Self::Broken(error.to_string()),
        }
    }
}
