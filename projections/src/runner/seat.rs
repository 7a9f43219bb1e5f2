//! One view's place in a runner: its lease, where it stands, and how it is doing.

use std::{
    collections::HashSet,
    ops::ControlFlow::{self, Break, Continue},
    time::Duration,
};

use application::ports::StoreError;
use domain::log::Position;
use tokio::time::Instant;

use super::{RENEWALS, Shared, turn::End};
use crate::{
    View,
    checkpoints::Health,
    every::{AnyView, Folded, Stored},
    page::Page,
    projection::Keys,
    store::{Advance, Changes, Checkpoint, ViewStore},
};

/// A view on its way through the log.
pub(super) struct Seat {
    pub(super) view: Box<dyn AnyView>,
    pub(super) shape: View,
    /// As last read or written here; none when it must be read. It may be old: what is written proves it first.
    stands: Option<Stands>,
    /// When this node last made sure that the view is its own.
    held: Option<Instant>,
    /// Whether what is parked was tried again since this program started: it may know better than the one before it.
    retried: bool,
    /// The pause after the last failure, until something succeeds.
    trouble: Option<Duration>,
}

struct Stands {
    at: Checkpoint,
    /// The keys of the rows that stand still.
    parked: HashSet<String>,
}

impl Seat {
    pub(super) fn new(view: Box<dyn AnyView>) -> Self {
        Self {
            shape: view.shape(),
            view,
            stands: None,
            held: None,
            retried: false,
            trouble: None,
        }
    }

    /// Everything up to here is in the view's rows, as far as is known here.
    pub(super) fn position(&self) -> Position {
        self.stands.as_ref().map_or(Position(0), |stands| stands.at.position)
    }

    /// Whether it is well, and at most so far behind another position.
    pub(super) fn is_near(&self, other: Position, apart: u64) -> bool {
        self.trouble.is_none() && self.stands.is_some() && self.position().0.saturating_add(apart) >= other.0
    }

    /// Makes sure that the view is this node's to keep and that it is known where it stands; false while another node keeps it.
    pub(super) async fn is_ready(&mut self, shared: &Shared) -> Result<bool, StoreError> {
        if !self.is_held(shared).await? {
            return Ok(false);
        }
        if !self.retried {
            self.view.replay_parked(&shared.sources).await?;
            self.retried = true;
        }
        if self.stands.is_none() {
            let store = &shared.sources.store;
            let at = store.checkpoint(&self.shape).await?;
            let parked = store.parked(&self.shape, at.side).await?;
            let parked = parked.into_iter().map(|parked| parked.key).collect();
            shared.checkpoints.advanced(&self.shape, at.position);
            self.stands = Some(Stands { at, parked });
        }
        Ok(true)
    }

    /// Whether this node keeps the view. Were two of them to think so for a moment, only one's writes would stand.
    pub(super) async fn is_held(&mut self, shared: &Shared) -> Result<bool, StoreError> {
        let lease = shared.pace.lease;
        if self.held.is_some_and(|held| held.elapsed() < lease / RENEWALS) {
            return Ok(true);
        }
        let asked = Instant::now(); // before the store counts
        let holds = shared.sources.store.hold(&self.shape.id(), lease).await?;
        self.held = holds.then_some(asked);
        if !holds {
            self.stands = None; // it moves without us
        }
        Ok(holds)
    }

    /// What a page changes, from where the view stands.
    pub(super) async fn folds(
        &self,
        page: &Page<'_>,
        keys: &[Keys],
        store: &dyn ViewStore,
    ) -> Result<Option<(Advance, Option<String>)>, StoreError> {
        let Some(Stands { at, parked }) = &self.stands else {
            return Ok(None);
        };
        let rows = Stored {
            store,
            side: at.side,
            parked,
        };
        let Folded { changes, unknown } = self.view.folded(page, keys, rows).await?;
        let step = Advance {
            view: self.shape,
            from: *at,
            changes,
        };
        Ok(Some((step, unknown)))
    }

    /// What the page changed is written.
    pub(super) fn reached(&mut self, shared: &Shared, changes: &Changes) {
        if let Some(stands) = &mut self.stands {
            stands.at.position = changes.to;
            let parked = changes.parked.iter().map(|parked| parked.key.clone());
            stands.parked.extend(parked);
        }
        shared.checkpoints.advanced(&self.shape, changes.to);
    }

    /// Takes note of how a turn ended for this view; breaks when it is left to a newer node.
    pub(super) async fn ends(&mut self, shared: &Shared, end: End) -> ControlFlow<()> {
        match end {
            End::Done => self.is_well(shared),
            End::Lost => {
                self.stands = None; // somebody else moved it: look again
                self.is_well(shared);
            }
            End::Failed(error) => self.fails(shared, &error).await,
            End::StoodDown(reason) => {
                tracing::warn!(view = self.shape.name, reason, "leaves the view to a newer node");
                self.let_go(shared).await;
                shared.checkpoints.is(&self.shape, Health::StoodDown(reason));
                return Break(());
            }
        }
        Continue(())
    }

    pub(super) fn is_well(&mut self, shared: &Shared) {
        self.trouble = None;
        shared.checkpoints.is(&self.shape, Health::Following);
    }

    /// Each failure doubles the pause before the next try.
    pub(super) async fn fails(&mut self, shared: &Shared, error: &StoreError) {
        if shared.checkpoints.health(self.shape.name).ok() == Some(Health::Following) {
            tracing::error!(view = self.shape.name, %error, "cannot go on with the view");
        }
        shared.checkpoints.is(&self.shape, Health::Failing(error.to_string()));
        self.stands = None;
        self.let_go(shared).await; // another node may do better
        let longer = |pause: Duration| (pause * 2).min(shared.pace.longest_pause);
        self.trouble = Some(self.trouble.map_or(shared.pace.poll, longer));
    }

    /// The pause after a failure.
    pub(super) async fn rests(&self) {
        if let Some(pause) = self.trouble {
            tokio::time::sleep(pause).await;
        }
    }

    async fn let_go(&mut self, shared: &Shared) {
        if self.held.take().is_some() {
            // When that fails, time does it.
            shared.sources.store.let_go(&self.shape.id()).await.ok();
        }
    }
}
