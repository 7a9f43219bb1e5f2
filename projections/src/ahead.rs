//! What can be learned from an event before its turn comes: its keys, and what it says. It depends on no row, so pages of the log
//! can be read ahead while earlier ones are folded.

use application::ports::StoreError;
use domain::{
    event::Event,
    log::{Metadata, Recorded},
};
use futures_util::future::join_all;

use crate::{
    Projection,
    projection::{Keys, Seen},
    reader::{EventReader, OpenError},
};

/// An event whose keys are known; its content may still be closed.
pub(crate) struct Closed<'a> {
    recorded: &'a Recorded,
    ahead: Ahead,
}

/// The same without the event itself.
pub(crate) struct Ahead {
    metadata: Metadata,
    keys: Keys,
    readable: bool,
    opened: Option<Result<Event, OpenError>>,
}

/// Why an event cannot be folded.
pub(crate) enum Obstacle {
    /// What it touches must be parked.
    Parks(String),
    /// A newer node wrote it.
    Unknown(String),
    /// Perhaps later.
    Fails(StoreError),
}

impl Ahead {
    /// The keys come from the stream and the metadata; where those cannot be read, from the stream alone.
    pub(crate) fn of<P: Projection>(projection: &P, recorded: &Recorded) -> Self {
        let metadata: Result<Metadata, _> = serde_json::from_str(&recorded.metadata);
        let readable = metadata.is_ok();
        let mut seen = Seen {
            recorded,
            metadata: metadata.unwrap_or_default(),
            event: None,
        };
        let keys = projection.keys(&seen);
        Self {
            metadata: std::mem::take(&mut seen.metadata),
            keys,
            readable,
            opened: None,
        }
    }

    /// Opens the event, where the projection looks at its content. Whether a failure matters shows when its turn comes.
    pub(crate) async fn open<P: Projection>(&mut self, reader: &dyn EventReader, recorded: &Recorded) {
        if !P::INDEX && self.readable && !self.keys.is_empty() && self.opened.is_none() {
            self.opened = Some(reader.open(recorded).await);
        }
    }
}

impl<'a> Closed<'a> {
    /// An event that was not looked at yet.
    pub(crate) fn new<P: Projection>(projection: &P, recorded: &'a Recorded) -> Self {
        Self::after(recorded, Ahead::of(projection, recorded))
    }

    /// An event that was read ahead.
    pub(crate) fn after(recorded: &'a Recorded, ahead: Ahead) -> Self {
        Self { recorded, ahead }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.ahead.keys
    }

    /// The event as a projection sees it, with its keys.
    pub(crate) fn seen(self) -> (Seen<'a>, Keys, Option<Obstacle>) {
        let Ahead {
            metadata,
            keys,
            readable,
            opened,
        } = self.ahead;
        let (event, obstacle) = match opened {
            _ if !readable => (None, Some(Obstacle::Parks("its metadata cannot be read".to_owned()))),
            None => (None, None),
            Some(Ok(event)) => (Some(event), None),
            Some(Err(OpenError::Unreadable(reason))) => (None, Some(Obstacle::Parks(reason))),
            Some(Err(OpenError::Unknown(reason))) => (None, Some(Obstacle::Unknown(reason))),
            Some(Err(OpenError::Unavailable(reason))) => (None, Some(Obstacle::Fails(StoreError::Unavailable(reason)))),
        };
        let seen = Seen {
            recorded: self.recorded,
            metadata,
            event,
        };
        (seen, keys, obstacle)
    }
}

/// Opens a page at once: events share the vault's answers instead of waiting for each other.
pub(crate) async fn open_all<P: Projection>(reader: &dyn EventReader, page: &mut [Closed<'_>]) {
    let opening = page
        .iter_mut()
        .map(|closed| closed.ahead.open::<P>(reader, closed.recorded));
    join_all(opening).await;
}

/// Looks at a page, and opens it.
pub(crate) async fn read_ahead<P: Projection>(
    projection: &P,
    reader: &dyn EventReader,
    page: &[Recorded],
) -> Vec<Ahead> {
    let mut ahead: Vec<_> = page.iter().map(|recorded| Ahead::of(projection, recorded)).collect();
    let opening = ahead.iter_mut().zip(page);
    join_all(opening.map(|(ahead, recorded)| ahead.open::<P>(reader, recorded))).await;
    ahead
}
