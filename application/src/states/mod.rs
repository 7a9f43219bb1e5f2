//! What this node remembers of the log: committed states of aggregates, so that a stream that is busy is not folded from its first
//! event for every command, and how far it has looked, so that what is remembered can be shown without being loaded again.
//!
//! Another node may have moved a stream on, so what stands here is only ever a beginning. A decision that is committed is checked
//! by the commit, which expects the version of every stream that was loaded. A decision that is not committed, and whatever is
//! shown or let in, is made on what the log held when it was asked for: on a state that has not moved since ([`Moment`]), or on the
//! log's own newest events on top of it.

mod horizon;
mod memos;

pub use horizon::Moment;
pub use memos::Memos;

use std::{any::Any, sync::Arc};

use domain::{ids::TenantId, log::StreamId};
use horizon::Horizon;
use quick_cache::sync::Cache;

use crate::ports::{StoreError, log::EventLog};

/// So many streams are kept. Measured: a link takes 0.5 KB, an agency with nine members and nine keys 1.4 KB; so about 25 MB when
/// it is full of links.
const MOST_STREAMS: usize = 50_000;

/// A stream folded up to one of its events.
#[derive(Clone, Debug)]
pub struct Folded<A> {
    /// The aggregate; personal data never reaches it.
    pub state: A,
    /// Whose stream it is.
    pub owner: TenantId,
    /// The sequence of the last event that is folded in.
    pub version: u64,
}

/// What this node remembers. It may be emptied at any time, and nothing but time is lost.
pub struct States {
    kept: Cache<StreamId, Kept>,
    horizon: Horizon,
}

/// A state whose type has to be asked for.
#[derive(Clone)]
pub(crate) struct Kept {
    version: u64,
    /// It was the stream's state at this moment.
    at: Moment,
    folded: Arc<dyn Any + Send + Sync>,
}

impl Kept {
    pub(crate) fn new<A: Send + Sync + 'static>(folded: Arc<Folded<A>>, at: Moment) -> Self {
        Self {
            version: folded.version,
            at,
            folded,
        }
    }

    /// The state, as one that stood at a later moment too.
    pub(crate) fn at(self, at: Moment) -> Self {
        Self { at, ..self }
    }
}

impl Default for States {
    fn default() -> Self {
        Self::with_room_for(MOST_STREAMS)
    }
}

impl States {
    /// Keeps so many streams at most; those that are used most stay.
    pub fn with_room_for(streams: usize) -> Self {
        Self {
            kept: Cache::new(streams),
            horizon: Horizon::default(),
        }
    }

    /// Looks at the log: what holds at the moment that this answers is no older than the call.
    pub(crate) async fn look(&self, log: &dyn EventLog) -> Result<Moment, StoreError> {
        self.horizon.look(log).await
    }

    /// Whether a stream has not moved since a moment, as far as this node has looked.
    pub(crate) fn holds(&self, stream: &StreamId, since: Moment) -> bool {
        self.horizon.holds(stream, since)
    }

    /// A stream's state, as far as this node knows it.
    pub(crate) fn get<A: Send + Sync + 'static>(&self, stream: &StreamId) -> Option<Arc<Folded<A>>> {
        self.kept.get(stream)?.folded.downcast().ok()
    }

    /// A stream's state, if it has not moved since, as far as this node has looked.
    pub(crate) fn get_current<A: Send + Sync + 'static>(&self, stream: &StreamId) -> Option<Arc<Folded<A>>> {
        let kept = self.kept.get(stream)?;
        let holds = self.holds(stream, kept.at);
        holds.then(|| kept.folded.downcast().ok()).flatten()
    }

    /// Keeps a committed state, unless a newer one is kept already.
    pub(crate) fn keep(&self, stream: StreamId, state: Kept) {
        let is_newer = |known: Kept| (known.version, known.at) < (state.version, state.at);
        if self.kept.peek(&stream).is_none_or(is_newer) {
            self.kept.insert(stream, state);
        }
    }

    /// Forgets what this node believed about a stream.
    pub(crate) fn forget(&self, stream: &StreamId) {
        self.kept.remove(stream);
    }

    #[cfg(test)]
    pub(crate) fn clear(&self) {
        self.kept.clear();
    }
}
