//! Whether a log is what was written: told event by event, in the order of their positions.

use std::collections::HashMap;

use domain::log::{Position, Recorded};
use sha2::{Digest, Sha256};

use super::event_hash;
use crate::archive::hex;

/// What is wrong with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Positions are gap-free.
    #[error("the event at position {0} is missing")]
    Missing(u64),
    /// Something in the row is not what was hashed.
    #[error("the event at position {0} is not what was written: its hash does not fit")]
    Altered(u64),
    /// The versions of a stream are gap-free, and in the order of positions.
    #[error("the event at position {0} is not the next one of its stream")]
    OutOfStream(u64),
    /// The log's time never goes back.
    #[error("the event at position {0} is older than the one before it")]
    OutOfTime(u64),
    /// A column does not hold what its name says.
    #[error("the event at position {0} cannot be read")]
    Unreadable(u64),
    /// The log is not the one that was remembered.
    #[error("up to position {0} this is not the log that was remembered")]
    Another(u64),
    /// The event is not the one that was exported.
    #[error("the event at position {0} is not the one that was exported")]
    NotAsExported(u64),
}

impl Flaw {
    /// The first position that is wrong.
    pub fn position(self) -> Position {
        let (Self::Missing(at)
        | Self::Altered(at)
        | Self::OutOfStream(at)
        | Self::OutOfTime(at)
        | Self::Unreadable(at)
        | Self::Another(at)
        | Self::NotAsExported(at)) = self;
        Position(at)
    }
}

/// Checks a log from its first event on. A stream takes some 40 bytes of memory.
#[derive(Clone, Debug, Default)]
pub struct LogCheck {
    at: Position,
    last_time: i64,
    sequences: HashMap<[u8; 16], u64>,
    state: [u8; 32],
}

impl LogCheck {
    /// The last position that was found to be right.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Checks the next event.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn next(&mut self, event: &Recorded) -> Result<(), Flaw> {
        let expected = self.at.0 + 1;
        if event.position.0 != expected {
            return Err(Flaw::Missing(expected));
        }
        if event.hash != event_hash(event) {
            return Err(Flaw::Altered(expected));
        }
        let time = event.recorded_at.timestamp_micros();
        if time < self.last_time {
            return Err(Flaw::OutOfTime(expected));
        }
        let last = self.sequences.entry(stream(event)).or_default();
        if event.sequence != *last + 1 {
            return Err(Flaw::OutOfStream(expected));
        }
        *last = event.sequence;
        self.state = Sha256::new()
            .chain_update(self.state)
            .chain_update(event.hash)
            .finalize()
            .into();
        (self.at, self.last_time) = (event.position, time);
        Ok(())
    }

    /// The log up to here in one line, `<position>:<hash>`: two logs that have it in common are the same up to there, order and
    /// end included. The hash is the SHA-256 of the one before and the event's own; before the first event it is all zeros.
    pub fn state(&self) -> String {
        format!("{}:{}", self.at.0, hex(&self.state))
    }
}

/// Half a hash of a stream's name: short, and no two streams of a log share it by accident.
fn stream(event: &Recorded) -> [u8; 16] {
    let name = Sha256::new()
        .chain_update(&event.aggregate_type)
        .chain_update([0])
        .chain_update(&event.aggregate_id)
        .finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&name[..16]);
    half
}
