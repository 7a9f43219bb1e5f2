//! Opening events for a fold.

use application::{
    personal::{PersonalData, ReadError},
    ports::StoreError,
};
use async_trait::async_trait;
use domain::{
    event::Event,
    log::{DecodeError, Recorded},
};

/// Opens recorded events, personal data included.
#[async_trait]
pub trait EventReader: Send + Sync {
    /// The event, with its personal part where its subject lives.
    async fn open(&self, recorded: &Recorded) -> Result<Event, OpenError>;
}

/// Why an event could not be opened, told apart by what must follow.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer node wrote it: stand down.
    #[error("{0}")]
    Unknown(String),
    /// It will never open: park what it touches.
    #[error("{0}")]
    Unreadable(String),
    /// The vault is away: try again.
    #[error("{0}")]
    Unavailable(String),
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        let text = error.to_string();
        match error {
            ReadError::Decode(DecodeError::UnknownVersion { .. }) => Self::Unknown(text),
            ReadError::Decode(DecodeError::Malformed { .. })
            | ReadError::Store(StoreError::Broken(_) | StoreError::UnreadableRow(_)) => Self::Unreadable(text),
            ReadError::Store(StoreError::Unavailable(_)) => Self::Unavailable(text),
        }
    }
}

#[async_trait]
impl EventReader for PersonalData {
    async fn open(&self, recorded: &Recorded) -> Result<Event, OpenError> {
        Ok(self.event(recorded).await?)
    }
}
