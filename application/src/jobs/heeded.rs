//! Waiting until what happened has its jobs.

use std::time::Duration;

use domain::log::Position;
use tokio::time::{Instant, timeout_at};

use super::{Duties, Heeded};
use crate::{app::App, ports::StoreError};

/// So often the checkpoints are looked at, which other nodes move.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Duties {
    /// Waits until every policy has seen everything up to a position, so that the jobs of it are there. False when that takes
    /// longer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn have_seen(&self, app: &App, position: Position, patience: Duration) -> Result<bool, StoreError> {
        let deadline = Instant::now() + patience;
        for policy in self.policies() {
            if !policy.has_seen(app, position, deadline).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Heeded {
    /// Woken at once by this node, which looks at every event; what another node does is found by looking at the checkpoint,
    /// which that one moves at once where there are jobs, else now and then.
    async fn has_seen(&self, app: &App, position: Position, deadline: Instant) -> Result<bool, StoreError> {
        let mut seen = self.seen.subscribe();
        loop {
            if *seen.borrow_and_update() >= position {
                return Ok(true);
            }
            if app.jobs.checkpoint(self.policy.name(), position).await? >= position {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            let until = deadline.min(Instant::now() + LOOK_EVERY);
            let _ = timeout_at(until, seen.changed()).await;
        }
    }
}
