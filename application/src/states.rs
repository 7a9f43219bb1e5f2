//! Committed states of aggregates, kept in this node's memory, so that a stream that is busy is not folded from its first event
//! for every command.
//!
//! Another node may have moved a stream on, so what stands here is only ever a beginning. A decision that is committed is checked
//! by the commit, which expects the version of every stream that was loaded; a decision that is not committed, and whatever is
//! shown or let in, is made on the log's own newest events on top of what stands here.

use std::{any::Any, sync::Arc};

use domain::{ids::TenantId, log::StreamId};
use quick_cache::sync::Cache;

/// So many streams are kept. Measured: a link takes 0.5 KB, an agency with nine members and nine keys 1.4 KB; so 5 to 15 MB when
/// it is full.
const MOST_STREAMS: usize = 10_000;

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

/// The states that this node keeps. It may be emptied at any time, and nothing but time is lost.
pub struct States(Cache<StreamId, Kept>);

/// A state whose type has to be asked for.
#[derive(Clone)]
pub(crate) struct Kept {
    version: u64,
    folded: Arc<dyn Any + Send + Sync>,
}

impl Kept {
    pub(crate) fn new<A: Send + Sync + 'static>(folded: Folded<A>) -> Self {
        Self {
            version: folded.version,
            folded: Arc::new(folded),
        }
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
        Self(Cache::new(streams))
    }

    /// A copy of a stream's state, as far as this node knows it.
    pub(crate) fn get<A: Clone + 'static>(&self, stream: &StreamId) -> Option<Folded<A>> {
        self.0.get(stream)?.folded.downcast_ref::<Folded<A>>().cloned()
    }

    /// Keeps a committed state, unless a newer one is kept already.
    pub(crate) fn keep(&self, stream: StreamId, state: Kept) {
        if self.0.peek(&stream).is_none_or(|known| known.version < state.version) {
            self.0.insert(stream, state);
        }
    }

    /// Forgets what this node believed about a stream.
    pub(crate) fn forget(&self, stream: &StreamId) {
        self.0.remove(stream);
    }

    #[cfg(test)]
    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}
