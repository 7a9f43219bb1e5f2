//! Queues of this node: in front of a stream that commands fight over (one after the other they succeed, where all at once most
//! would lose again and again), and in front of an idempotency key that is in use.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Weak},
};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// One queue for each thing that somebody holds or waits for right now. It only saves work: what keeps commands apart is the log.
pub struct Queues<K>(Mutex<HashMap<K, Weak<Mutex<()>>>>);

/// The front of a queue, until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl<K> Default for Queues<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Queues<K> {
    /// Waits until it is this caller's turn. Nobody may hold one turn and wait for another.
    pub(crate) async fn turn(&self, thing: &K) -> Turn {
        self.queue(thing).await.lock_owned().await
    }

    /// The front of the queue, if nobody stands there.
    pub(crate) async fn turn_if_free(&self, thing: &K) -> Option<Turn> {
        self.queue(thing).await.try_lock_owned().ok()
    }

    async fn queue(&self, thing: &K) -> Arc<Mutex<()>> {
        let mut queues = self.0.lock().await;
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = queues.get(thing).and_then(Weak::upgrade).unwrap_or_default();
        queues.insert(thing.clone(), Arc::downgrade(&queue));
        queue
    }
}
