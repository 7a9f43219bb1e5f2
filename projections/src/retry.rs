//! Replaying what is parked: after a fix, the events that could not be folded and all that waited behind them.

use std::collections::{HashMap, HashSet};

use application::ports::StoreError;
use domain::log::Position;

use crate::{
    Projection,
    every::named,
    fold::{PageEnd, Table},
    page::Page,
    projection::Keys,
    runner::Sources,
    store::{Changes, Checkpoint, Parked, Written},
};

/// How many events are read at once.
const PAGE: u32 = 1_000;

/// What a try came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Keys whose rows are whole again.
    pub freed: Vec<String>,
    /// What still stands still, perhaps behind a later event.
    pub parked: Vec<Parked>,
}

/// Replays what is parked in the view of that name; none when there is no such view.
///
/// # Errors
/// As [`retry`].
pub async fn retry_named(name: &str, sources: &Sources) -> Option<Result<Retried, StoreError>> {
    Some(named(name)?.replay_parked(sources).await)
}

/// Replays what is parked, from the first event that is missing in a row up to where the view is; rows and freed keys change in
/// one transaction. The log is read from the first parked position on.
///
/// An event parks all its keys once it meets a parked one, so the parked rows need no row besides each other.
///
/// # Errors
/// When the log or the store fails.
pub async fn retry<P: Projection>(projection: &P, sources: &Sources) -> Result<Retried, StoreError> {
    loop {
        let from = sources.store.checkpoint(&P::VIEW).await?;
        let before = sources.store.parked(&P::VIEW, from.side).await?;
        if before.is_empty() {
            return Ok(Retried::default());
        }
        let mut replay = Replay::load(projection, sources, from, before).await?;
        if let Some(retried) = replay.run(from).await? {
            for key in &retried.freed {
                tracing::info!(view = P::VIEW.name, key, "a parked view row is whole again");
            }
            return Ok(retried);
        }
    }
}

struct Replay<'a, P: Projection> {
    projection: &'a P,
    sources: &'a Sources,
    before: Vec<Parked>,
    since: HashMap<String, Position>,
    table: Table<P::Row>,
    at: Position,
}

impl<'a, P: Projection> Replay<'a, P> {
    async fn load(
        projection: &'a P,
        sources: &'a Sources,
        from: Checkpoint,
        before: Vec<Parked>,
    ) -> Result<Self, StoreError> {
        let since: HashMap<_, _> = before
            .iter()
            .map(|parked| (parked.key.clone(), parked.position))
            .collect();
        let keys: Vec<_> = since.keys().cloned().collect();
        let rows = sources.store.load(&P::VIEW, from.side, &keys).await?;
        let first = since.values().min().copied().unwrap_or_default();
        Ok(Self {
            projection,
            sources,
            before,
            since,
            table: Table::load(rows, HashSet::new()),
            at: Position(first.0.saturating_sub(1)),
        })
    }

    /// None when other keys were parked meanwhile, or the sides were switched: then it begins anew.
    async fn run(&mut self, mut from: Checkpoint) -> Result<Option<Retried>, StoreError> {
        loop {
            self.fold_to(from.position).await?;
            let parked = self.table.newly_parked().to_vec();
            let unchanged = parked.len() == self.before.len()
                && parked
                    .iter()
                    .all(|parked| self.since.get(&parked.key) == Some(&parked.position));
            if unchanged {
                return Ok(Some(self.retried(parked)));
            }
            let changes = Changes {
                parked_before: self.before.len(),
                ..self.table.changes(from.position)
            };
            let store = &self.sources.store;
            if store.unpark(&P::VIEW, from, &changes).await? == Written::Done {
                return Ok(Some(self.retried(parked)));
            }
            let now = store.checkpoint(&P::VIEW).await?;
            if now.side != from.side || store.parked(&P::VIEW, now.side).await? != self.before {
                return Ok(None);
            }
            from = now; // only further: what is missing is folded on top
        }
    }

    async fn fold_to(&mut self, to: Position) -> Result<(), StoreError> {
        while self.at < to {
            let limit = u32::try_from(to.0 - self.at.0).unwrap_or(PAGE).min(PAGE);
            let page = self.sources.log.page(self.at, limit).await?;
            let Some(last) = page.last().map(|recorded| recorded.position) else {
                return Err(StoreError::Broken("the log ends before the view".to_owned()));
            };
            let page = Page::new(page);
            self.fold(page).await?;
            self.at = last;
        }
        Ok(())
    }

    async fn fold(&mut self, mut page: Page<'_>) -> Result<(), StoreError> {
        let mut keys = page.keys(self.projection, Position(0));
        for (look, keys) in page.looks().zip(&mut keys) {
            if !self.is_missing(keys, look.position()) {
                *keys = Keys::none();
            }
        }
        page.open_for::<P>(self.sources.reader.as_ref(), &keys).await;
        match self.table.fold_page(self.projection, &page, &keys)? {
            PageEnd::Folded => Ok(()),
            PageEnd::Unknown { reason, .. } => Err(StoreError::Unavailable(reason)),
        }
    }

    /// Whether an event is not in the rows yet.
    fn is_missing(&self, keys: &Keys, position: Position) -> bool {
        let missing = |key| self.since.get(key).is_some_and(|since| *since <= position);
        keys.iter().any(missing)
    }

    fn retried(&self, parked: Vec<Parked>) -> Retried {
        let still = |key: &str| parked.iter().any(|parked| parked.key == key);
        let freed = self.before.iter().map(|parked| &parked.key).filter(|key| !still(key));
        Retried {
            freed: freed.cloned().collect(),
            parked,
        }
    }
}
