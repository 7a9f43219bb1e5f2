//! Folds the whole log anew beside the live rows, compares, and switches. Nothing is appended, and readers notice nothing.
//!
//! Positions have no gaps, so pages are ranges of positions: some are read and opened ahead while one is folded. Rows that fill
//! their share of memory are written and forgotten, and loaded again when an event needs them: the log may be of any length.

mod sieve;
mod turn;

use std::sync::Arc;

use application::ports::StoreError;
use domain::log::Position;
use futures_util::stream::{self, StreamExt};

use crate::{
    Projection, VIEWS,
    every::named,
    fold::{PageEnd, Table},
    page::Page,
    projection::Keys,
    runner::Sources,
    store::{Build, Fill, Switched, Written},
    survey::{Comparison, compare},
};
use sieve::Sieve;
use turn::Turn;

/// How many events are read at once.
const PAGE: u64 = 1_000;
/// How many pages are read ahead.
const AHEAD: usize = 3;
/// The most rows that the switch writes, so that it is short.
const CHUNK: usize = 1_000;
/// So many rows are kept in memory, unless somebody asks for less.
pub const MOST_ROWS: usize = 25_000;

/// What shall come of a rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The rebuilt rows are read from then on.
    Switch,
    /// Nothing changes: it only says what would.
    DryRun,
}

/// How far a rebuild has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebuildProgress {
    /// Everything up to here is folded.
    pub position: Position,
    /// The end of the log, as last seen.
    pub head: Position,
}

/// What a rebuild came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Everything up to here is in the rebuilt rows.
    pub position: Position,
    /// How they compare with those that were read until then.
    pub comparison: Comparison,
    /// How many rows stand still in the rebuilt view, too.
    pub parked: usize,
    /// Whether they are read now.
    pub switched: bool,
}

/// Why a rebuild ended without a switch. The live rows are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// A newer node wrote an event that this one does not know.
    #[error("this node cannot rebuild the view: {0}")]
    Unknown(String),
    /// There is no such view.
    #[error("there is no view {0}: the views are {names}", names = VIEWS.iter().map(|view| view.name).collect::<Vec<_>>().join(", "))]
    NoView(String),
    /// Another rebuild of the same view goes on.
    #[error("another rebuild of the view is under way")]
    UnderWay,
    /// Another rebuild of the same view was started.
    #[error("another rebuild of the view took over")]
    Superseded,
    /// The log, the vault or the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rebuilds the view of that name; see [`rebuild`].
///
/// # Errors
/// When there is no such view, or as [`rebuild`].
pub async fn rebuild_named(
    name: &str,
    sources: &Sources,
    wish: Wish,
    progress: impl Fn(RebuildProgress) + Send + Sync,
) -> Result<Rebuilt, RebuildError> {
    let view = named(name).ok_or_else(|| RebuildError::NoView(name.to_owned()))?;
    view.fold_anew(sources, wish, &progress).await
}

/// Rebuilds a view from the first event on, with so many rows in memory.
///
/// The idle side is filled while the live one goes on, up to where that one is, and compared with it there. The switch holds the
/// live checkpoint, writes the rest and makes the built side live in one transaction; it may be further than the live side, never
/// behind it. Stopped at any moment, it leaves the live side as it was, and the next one begins anew.
///
/// # Errors
/// When the log cannot be read to its end, another rebuild goes on or takes over, or something fails.
pub async fn rebuild<P: Projection>(
    projection: P,
    sources: &Sources,
    wish: Wish,
    most_rows: usize,
    progress: impl Fn(RebuildProgress) + Send + Sync,
) -> Result<Rebuilt, RebuildError> {
    let turn = Turn::take(&sources.store, &P::VIEW).await?;
    let build = sources.store.begin_build(&P::VIEW).await?;
    let mut rebuild = Rebuild {
        projection: Arc::new(projection),
        sources,
        build,
        table: Table::default(),
        written: Sieve::default(),
        at: Position(0),
        most_rows,
        progress,
    };
    let comparison = rebuild.compare().await?;
    if wish == Wish::Switch {
        rebuild.switch().await?;
    }
    owned(sources.store.clear_idle(&P::VIEW, build).await?)?;
    turn.give_up().await?;
    Ok(Rebuilt {
        position: rebuild.at,
        comparison,
        parked: rebuild.table.newly_parked().len(),
        switched: wish == Wish::Switch,
    })
}

struct Rebuild<'a, P: Projection, F> {
    projection: Arc<P>,
    sources: &'a Sources,
    build: Build,
    table: Table<P::Row>,
    written: Sieve,
    at: Position,
    most_rows: usize,
    progress: F,
}

/// A range of the log, read and opened.
struct Range {
    page: Page<'static>,
    keys: Vec<Keys>,
}

impl<P: Projection, F: Fn(RebuildProgress) + Send + Sync> Rebuild<'_, P, F> {
    /// Folds up to where the live side is, and compares the two there.
    async fn compare(&mut self) -> Result<Comparison, RebuildError> {
        let store = &self.sources.store;
        loop {
            let live = store.checkpoint(&P::VIEW).await?.position;
            if live.0 - self.at.0 <= PAGE {
                break; // near enough that the snapshot need not live long
            }
            self.fold_to(live).await?;
        }
        let live = store.snapshot(&P::VIEW).await?;
        if live.checkpoint().side == self.build.side {
            return Err(RebuildError::Superseded);
        }
        self.fold_to(live.checkpoint().position).await?;
        self.write().await?;
        let built = store.snapshot(&P::VIEW).await?;
        Ok(compare(&P::VIEW, live, (built, self.build.side)).await?)
    }

    async fn switch(&mut self) -> Result<(), RebuildError> {
        let store = &self.sources.store;
        self.fold_to(self.sources.log.head().await?).await?;
        self.write().await?;
        owned(store.complete(&P::VIEW, self.build).await?)?;
        loop {
            self.fold_to(self.sources.log.head().await?).await?;
            if self.table.changed() > CHUNK {
                self.write().await?; // too much for the switch: write it first, then catch up again
                continue;
            }
            let changes = self.table.changes(self.at);
            match store.switch(&P::VIEW, self.build, &changes).await? {
                Switched::Done => return Ok(()),
                Switched::Behind => {}
                Switched::Superseded => return Err(RebuildError::Superseded),
            }
        }
    }

    /// Folds up to a position that the log has reached.
    async fn fold_to(&mut self, to: Position) -> Result<(), RebuildError> {
        let starts = (self.at.0..to.0).step_by(usize::try_from(PAGE).unwrap_or(1));
        let (projection, sources) = (Arc::clone(&self.projection), self.sources.clone());
        let read = starts.map(move |after| {
            let limit = u32::try_from(PAGE.min(to.0 - after)).unwrap_or(1);
            tokio::spawn(read(Arc::clone(&projection), sources.clone(), Position(after), limit))
        });
        let mut pages = stream::iter(read).buffered(AHEAD);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|_| StoreError::Broken("reading ahead broke off".into()))??;
            self.fold(page).await?;
            (self.progress)(RebuildProgress {
                position: self.at,
                head: to,
            });
        }
        Ok(())
    }

    async fn fold(&mut self, Range { page, keys }: Range) -> Result<(), RebuildError> {
        self.load(&keys).await?;
        let end = self.table.fold_page(self.projection.as_ref(), &page, &keys)?;
        if let PageEnd::Unknown { reason, .. } = end {
            return Err(RebuildError::Unknown(reason));
        }
        self.at = page.last().unwrap_or(self.at);
        if self.table.len() > self.most_rows {
            self.write().await?;
        }
        Ok(())
    }

    /// Brings rows back that were written and forgotten, and that a page touches. An index never looks at its rows.
    async fn load(&mut self, keys: &[Keys]) -> Result<(), RebuildError> {
        if P::INDEX {
            return Ok(());
        }
        let keys = keys.iter().flat_map(Keys::iter);
        let mut gone: Vec<_> = keys
            .filter(|key| !self.table.holds(key) && self.written.may_hold(key))
            .map(str::to_owned)
            .collect();
        gone.sort_unstable();
        gone.dedup();
        if !gone.is_empty() {
            let rows = self.sources.store.load(&P::VIEW, self.build.side, &gone).await?;
            self.table.take_in(rows);
        }
        Ok(())
    }

    /// Writes what changed to the idle side, and forgets it.
    async fn write(&mut self) -> Result<(), RebuildError> {
        let (mut new, mut mixed) = (Vec::new(), Vec::new());
        for (key, row) in self.table.changed_by_key() {
            if self.written.may_hold(key) {
                mixed.push(row);
            } else {
                self.written.add(key);
                new.push(row);
            }
        }
        let store = &self.sources.store;
        for (rows, fill) in [(new, Fill::New), (mixed, Fill::Mixed)] {
            if !rows.is_empty() {
                owned(store.fill(&P::VIEW, self.build, rows, fill).await?)?;
            }
        }
        self.table.forget_rows();
        Ok(())
    }
}

/// Reads a range of the log and opens it, on whichever processor is free.
async fn read<P: Projection>(
    projection: Arc<P>,
    sources: Sources,
    after: Position,
    limit: u32,
) -> Result<Range, StoreError> {
    let events = sources.log.page(after, limit).await?;
    if events.len() < limit as usize {
        return Err(StoreError::Broken(format!("the log has no events after {}", after.0)));
    }
    let mut page = Page::new(events);
    let keys = page.keys(projection.as_ref(), Position(0));
    page.open_for::<P>(sources.reader.as_ref(), &keys).await;
    Ok(Range { page, keys })
}

fn owned(written: Written) -> Result<(), RebuildError> {
    match written {
        Written::Done => Ok(()),
        Written::Lost => Err(RebuildError::Superseded),
    }
}
