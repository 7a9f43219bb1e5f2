//! One rebuild of a view at a time: a second one is refused, and takes over from one that died.

use std::{sync::Arc, time::Duration};

use application::ports::StoreError;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::RebuildError;
use crate::{View, store::ViewStore};

/// So long after its last sign of life a rebuild counts as dead.
const LEASE: Duration = Duration::from_secs(4);
const SIGN_EVERY: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The right to rebuild a view; it is kept up until this is dropped.
pub(super) struct Turn {
    store: Arc<dyn ViewStore>,
    work: String,
    signs: JoinHandle<()>,
}

impl Turn {
    /// Waits as long as a dead rebuild may still seem alive.
    pub(super) async fn take(store: &Arc<dyn ViewStore>, view: &View) -> Result<Self, RebuildError> {
        let work = format!("{}/rebuild", view.id());
        let until = Instant::now() + LEASE + SIGN_EVERY;
        while !store.hold(&work, LEASE).await? {
            if Instant::now() >= until {
                return Err(RebuildError::UnderWay);
            }
            sleep(LOOK_EVERY).await; // nothing tells when the other one dies
        }
        let signs = tokio::spawn(give_signs(Arc::clone(store), work.clone()));
        Ok(Self {
            store: Arc::clone(store),
            work,
            signs,
        })
    }

    /// Leaves it to the next one at once.
    pub(super) async fn give_up(self) -> Result<(), StoreError> {
        self.signs.abort();
        self.store.let_go(&self.work).await
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.signs.abort();
    }
}

/// Were the turn lost all the same, the build's number would keep this rebuild from writing.
async fn give_signs(store: Arc<dyn ViewStore>, work: String) {
    loop {
        sleep(SIGN_EVERY).await;
        if let Err(error) = store.hold(&work, LEASE).await {
            tracing::warn!(%error, work, "cannot say that a rebuild goes on");
        }
    }
}
