//! What is left of a person outside the log and the vault: names in the views, and old pages in the databases' files.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use adapters::{sql::Stores, views::ViewDb};
use application::ports::{StoreError, erasure::Remains};
use async_trait::async_trait;
use domain::{log::Position, personal::Subject};
use projections::{VIEWS, checkpoints::Checkpoints};

/// So long the views may take to learn of an erasure.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where nobody follows the log, the views have not seen anything either; another process may follow it all the same.
const NO_PATIENCE: Duration = Duration::from_millis(300);

/// Everything that is kept of people.
pub(super) struct Kept {
    pub(super) stores: Stores,
    pub(super) views: Arc<ViewDb>,
    pub(super) checkpoints: Checkpoints,
    /// Whether this process keeps the views up to date.
    pub(super) followed: Arc<AtomicBool>,
}

#[async_trait]
impl Remains for Kept {
    /// Twice: what a fold wrote meanwhile, that knew the names still, goes with the second time.
    async fn drop_from_views(&self, subject: Subject, position: Position) -> Result<bool, StoreError> {
        self.views.erase(subject).await?;
        let is_followed = self.followed.load(Ordering::Relaxed);
        let patience = if is_followed { PATIENCE } else { NO_PATIENCE };
        let waiting = VIEWS
            .iter()
            .map(|view| self.checkpoints.wait_for(view.name, position, patience));
        let reached = futures_util::future::join_all(waiting).await;
        self.views.erase(subject).await?;
        Ok(!is_followed || reached.iter().all(Result::is_ok))
    }

    async fn overwrite(&self) -> Result<bool, StoreError> {
        let (log, views) = tokio::join!(self.stores.overwrite(), self.views.overwrite());
        Ok(log? && views?)
    }
}
