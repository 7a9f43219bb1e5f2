//! A page of the log, as views look at it: read once and opened once, for every view that folds it. What is learned here depends
//! on no row, so pages can be read ahead while earlier ones are folded.

use std::borrow::Cow;

use application::ports::StoreError;
use domain::{
    event::Event,
    log::{Metadata, Position, Recorded},
};
use futures_util::future::join_all;

use crate::{
    Projection,
    projection::{Keys, Seen},
    reader::{EventReader, OpenError},
};

/// Events in the order of the log.
pub(crate) struct Page<'a>(Vec<Look<'a>>);

/// One event, and what is known of it; its content may still be closed.
pub(crate) struct Look<'a> {
    recorded: Cow<'a, Recorded>,
    metadata: Metadata,
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

impl Page<'static> {
    /// Events that nobody else needs.
    pub(crate) fn new(events: Vec<Recorded>) -> Self {
        Self(events.into_iter().map(Cow::Owned).map(Look::new).collect())
    }
}

impl<'a> Page<'a> {
    /// Events that somebody keeps.
    pub(crate) fn of(events: impl IntoIterator<Item = &'a Recorded>) -> Self {
        Self(events.into_iter().map(Cow::Borrowed).map(Look::new).collect())
    }

    /// The keys of the rows that each event touches; none for those up to `after`, which are folded already.
    pub(crate) fn keys<P: Projection>(&self, projection: &P, after: Position) -> Vec<Keys> {
        let keys = |look: &Look<'_>| {
            if look.recorded.position > after {
                projection.keys(&look.closed())
            } else {
                Keys::none()
            }
        };
        self.0.iter().map(keys).collect()
    }

    /// Opens the events that touch a row of one projection, if that looks at what they say.
    pub(crate) async fn open_for<P: Projection>(&mut self, reader: &dyn EventReader, keys: &[Keys]) {
        if !P::INDEX {
            self.open(reader, &[keys]).await;
        }
    }

    /// Opens the events that touch a row, all at once: they share the vault's answers instead of waiting for each other. Whether a
    /// failure matters shows when the event's turn comes.
    pub(crate) async fn open(&mut self, reader: &dyn EventReader, wanted: &[&[Keys]]) {
        let is_wanted = |number: usize| {
            wanted
                .iter()
                .any(|keys| keys.get(number).is_some_and(|keys| !keys.is_empty()))
        };
        let looks = self.0.iter_mut().enumerate();
        let closed = looks.filter(|(number, look)| look.readable && look.opened.is_none() && is_wanted(*number));
        join_all(closed.map(|(_, look)| look.open(reader))).await;
    }

    /// What is known of each event.
    pub(crate) fn looks(&self) -> impl Iterator<Item = &Look<'a>> {
        self.0.iter()
    }

    /// Where the page ends.
    pub(crate) fn last(&self) -> Option<Position> {
        self.0.last().map(|look| look.recorded.position)
    }
}

impl<'a> Look<'a> {
    fn new(recorded: Cow<'a, Recorded>) -> Self {
        let metadata: Result<Metadata, _> = serde_json::from_str(&recorded.metadata);
        Self {
            readable: metadata.is_ok(),
            metadata: metadata.unwrap_or_default(),
            recorded,
            opened: None,
        }
    }

    async fn open(&mut self, reader: &dyn EventReader) {
        self.opened = Some(reader.open(&self.recorded).await);
    }

    /// The event while it is closed. Its keys come from the stream and the metadata; where those cannot be read, from the stream
    /// alone.
    fn closed(&self) -> Seen<'_> {
        Seen {
            recorded: &self.recorded,
            metadata: &self.metadata,
            event: None,
        }
    }

    /// Where the event stands.
    pub(crate) fn position(&self) -> Position {
        self.recorded.position
    }

    /// The event as a projection sees it.
    pub(crate) fn seen<P: Projection>(&self) -> Seen<'_> {
        let opened = self.opened.as_ref().and_then(|opened| opened.as_ref().ok());
        Seen {
            event: opened.filter(|_| !P::INDEX),
            ..self.closed()
        }
    }

    /// What keeps a projection from folding it.
    pub(crate) fn obstacle<P: Projection>(&self) -> Option<Obstacle> {
        if !self.readable {
            return Some(Obstacle::Parks("its metadata cannot be read".to_owned()));
        }
        let opened = self.opened.as_ref().filter(|_| !P::INDEX)?;
        Some(match opened.as_ref().err()? {
            OpenError::Unreadable(reason) => Obstacle::Parks(reason.clone()),
            OpenError::Unknown(reason) => Obstacle::Unknown(reason.clone()),
            OpenError::Unavailable(reason) => Obstacle::Fails(StoreError::Unavailable(reason.clone())),
        })
    }
}
