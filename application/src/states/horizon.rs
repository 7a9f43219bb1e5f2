//! How far this node has looked at the log, and which streams have moved meanwhile: one small question tells a request that all it
//! remembers still holds.
//!
//! A request must rely on nothing older than itself: a link that was revoked, or a key that was taken back, is dead with the next
//! request on every node. Asking the log about each stream that a page needs costs a way to the database for each. Asking once which
//! streams have moved costs one, which all requests share that wait for it at the same time.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::log::{Position, StreamId};
use tokio::sync::Mutex;

use crate::ports::{StoreError, log::EventLog};

/// So many events are looked through at once. A node that is further behind forgets instead what it remembers.
const FURTHEST: u32 = 5_000;
/// So many streams are known to have moved, in 2 MB; then the node begins anew.
const MOST_STREAMS: usize = 50_000;

/// A moment at which a node had looked at the log: what it remembers from then on held then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Position);

impl Moment {
    /// The moment at which the log had grown to a position.
    pub(crate) fn at(position: Position) -> Self {
        Self(position)
    }
}

/// What this node knows of the log's movements.
#[derive(Default)]
pub(crate) struct Horizon {
    /// Counts those who asked; the number of a look is how many of them it serves.
    asked: AtomicU64,
    served: Mutex<u64>,
    seen: RwLock<Seen>,
}

#[derive(Default)]
struct Seen {
    head: Position,
    /// What moved before this is forgotten.
    floor: Position,
    moved: HashMap<u64, Position>,
}

impl Horizon {
    /// Looks at the log, after this was called; whoever waits meanwhile shares the next look.
    pub(crate) async fn look(&self, log: &dyn EventLog) -> Result<Moment, StoreError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut served = self.served.lock().await;
        if *served <= number {
            let asked = self.asked.load(Ordering::SeqCst); // all of them asked before the look begins
            self.follow(log).await?;
            *served = asked;
        }
        Ok(Moment(self.seen(|seen| seen.head)))
    }

    async fn follow(&self, log: &dyn EventLog) -> Result<(), StoreError> {
        let behind = self.seen(|seen| seen.head);
        let moved = log.moved(behind, FURTHEST).await?;
        let is_too_far = moved.len() >= FURTHEST as usize;
        let head = match moved.last() {
            _ if is_too_far => log.head().await?,
            Some(last) => last.position,
            None => return Ok(()),
        };
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.head = head;
        if is_too_far || seen.moved.len() + moved.len() > MOST_STREAMS {
            seen.moved.clear();
            seen.floor = head;
            return Ok(());
        }
        for stream in moved {
            let name = name(&stream.aggregate_type, &stream.aggregate_id);
            seen.moved.insert(name, stream.position);
        }
        Ok(())
    }

    /// Whether what was known of a stream at a moment still holds, as far as this node has looked.
    pub(crate) fn holds(&self, stream: &StreamId, since: Moment) -> bool {
        let name = name(stream.aggregate_type, &stream.aggregate_id);
        self.seen(|seen| since.0 >= seen.floor && seen.moved.get(&name).is_none_or(|position| *position <= since.0))
    }

    fn seen<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        read(&self.seen.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A stream in eight bytes. Two that share a name are taken to move together: that costs a look, never a wrong answer.
fn name(aggregate_type: &str, aggregate_id: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((aggregate_type, aggregate_id))
}
