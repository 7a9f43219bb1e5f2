//! How far the views are, for whoever waits: a command's answer is readable once the view has reached its position.

use std::{collections::HashMap, sync::Arc, time::Duration};

use application::ports::StoreError;
use domain::log::Position;
use tokio::{sync::watch, time::Instant};

use crate::{
    VIEWS, View,
    store::{Parked, ViewStore},
};

/// How often a waiting reader looks whether another node has moved the view.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How a view is doing on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It follows the log.
    #[default]
    Following,
    /// Its last step failed; it tries again.
    Failing(String),
    /// A newer node writes events that this one does not know: it leaves the view to that node.
    StoodDown(String),
}

/// Why a view was not waited for.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// It has not come so far in time.
    #[error("the view has reached position {reached}, and {asked} was waited for", reached = reached.0, asked = asked.0)]
    TooSlow {
        /// How far it is.
        reached: Position,
        /// What was asked for.
        asked: Position,
    },
    /// There is no such view.
    #[error("there is no view {0}")]
    UnknownView(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What this node knows about its views' progress.
#[derive(Clone)]
pub struct Checkpoints {
    store: Arc<dyn ViewStore>,
    views: Arc<HashMap<&'static str, Known>>,
}

/// One view, as this node sees it.
struct Known {
    view: View,
    reached: watch::Sender<Position>,
    health: watch::Sender<Health>,
}

impl Checkpoints {
    /// For every view of a store.
    pub fn new(store: Arc<dyn ViewStore>) -> Self {
        let known = |view: &View| Known {
            view: *view,
            reached: watch::Sender::new(Position(0)),
            health: watch::Sender::new(Health::Following),
        };
        let views = VIEWS.iter().map(|view| (view.name, known(view))).collect();
        Self {
            store,
            views: Arc::new(views),
        }
    }

    /// Waits until a view shows everything up to a position. Woken at once by this node's runner; otherwise it looks.
    ///
    /// # Errors
    /// When that takes longer than `timeout`, or the store fails.
    pub async fn wait_for(&self, view: &str, position: Position, timeout: Duration) -> Result<(), WaitError> {
        let known = self.known(view)?;
        let deadline = Instant::now() + timeout;
        let mut reached = known.reached.subscribe();
        loop {
            if *reached.borrow_and_update() >= position {
                return Ok(());
            }
            let stored = self.store.checkpoint(&known.view).await?.position;
            if stored >= position {
                return Ok(());
            }
            let until = deadline.min(Instant::now() + LOOK_EVERY);
            let moved = tokio::time::timeout_at(until, reached.changed()).await;
            if moved.is_err() && Instant::now() >= deadline {
                return Err(WaitError::TooSlow {
                    reached: stored,
                    asked: position,
                });
            }
        }
    }

    /// How a view is doing on this node.
    ///
    /// # Errors
    /// When there is no such view.
    pub fn health(&self, view: &str) -> Result<Health, WaitError> {
        Ok(self.known(view)?.health.borrow().clone())
    }

    /// A view's health, to wait for its change.
    ///
    /// # Errors
    /// When there is no such view.
    pub fn watch_health(&self, view: &str) -> Result<watch::Receiver<Health>, WaitError> {
        Ok(self.known(view)?.health.subscribe())
    }

    /// The rows of a view that stand still, and since which position.
    ///
    /// # Errors
    /// When there is no such view, or the store fails.
    pub async fn parked(&self, view: &str) -> Result<Vec<Parked>, WaitError> {
        let view = &self.known(view)?.view;
        let side = self.store.checkpoint(view).await?.side;
        Ok(self.store.parked(view, side).await?)
    }

    fn known(&self, view: &str) -> Result<&Known, WaitError> {
        self.views
            .get(view)
            .ok_or_else(|| WaitError::UnknownView(view.to_owned()))
    }

    pub(crate) fn advanced(&self, view: &View, position: Position) {
        if let Some(known) = self.views.get(view.name) {
            known.reached.send_if_modified(|reached| {
                let further = position > *reached;
                *reached = position.max(*reached);
                further
            });
        }
    }

    pub(crate) fn is(&self, view: &View, health: Health) {
        if let Some(known) = self.views.get(view.name) {
            known.health.send_if_modified(|last| {
                let differs = *last != health;
                *last = health;
                differs
            });
        }
    }
}
