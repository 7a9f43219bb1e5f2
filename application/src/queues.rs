//! Commands that lost a race for a stream wait for each other: one after the other they succeed, where all at once most would
//! lose again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use domain::log::StreamId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// One queue per stream that is fought over right now. It only saves work: what keeps commands apart is the log.
#[derive(Default)]
pub struct Queues(Mutex<HashMap<StreamId, Weak<Mutex<()>>>>);

/// The front of a queue, until it is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Queues {
    /// Waits until it is this caller's turn. Nobody may hold one turn and wait for another.
    pub(crate) async fn turn(&self, stream: &StreamId) -> Turn {
        let queue = {
            let mut queues = self.0.lock().await;
            queues.retain(|_, queue| queue.strong_count() > 0);
            let queue = queues.get(stream).and_then(Weak::upgrade).unwrap_or_default();
            queues.insert(stream.clone(), Arc::downgrade(&queue));
            queue
        };
        queue.lock_owned().await
    }
}
