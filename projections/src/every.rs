//! The one list of views, and what can be done with a view whose rows' type does not matter.

use std::collections::HashSet;

use application::ports::StoreError;
use async_trait::async_trait;
use domain::log::Position;

use crate::{
    Projection, View, audit_entry, connection_span,
    fold::{PageEnd, Table},
    integration, link,
    page::Page,
    projection::Keys,
    rebuild::{MOST_ROWS, RebuildError, RebuildProgress, Rebuilt, Wish, rebuild},
    report_day,
    retry::{Retried, retry},
    runner::Sources,
    store::{Changes, Side, ViewStore},
};

macro_rules! every_view {
    ($($view:path),+ $(,)?) => {
        /// Every view there is: a store makes its tables from these.
        pub const VIEWS: &[View] = &[$(<$view as Projection>::VIEW),+];

        /// The same with what fills them.
        pub(crate) fn every_view() -> Vec<Box<dyn AnyView>> {
            vec![$(Box::new($view)),+]
        }
    };
}

every_view![
    link::LinkView,
    integration::IntegrationView,
    audit_entry::AuditEntryView,
    report_day::ReportDayView,
    connection_span::ConnectionSpanView,
];

/// The view of that name.
pub(crate) fn named(name: &str) -> Option<Box<dyn AnyView>> {
    every_view().into_iter().find(|view| view.shape().name == name)
}

/// A projection whatever its rows are.
#[async_trait]
pub(crate) trait AnyView: Send + Sync {
    /// The view that it fills.
    fn shape(&self) -> View;

    /// Whether it looks at what events say.
    fn opens(&self) -> bool;

    /// The keys of the rows that each event of a page touches, behind a position.
    fn touched(&self, page: &Page<'_>, after: Position) -> Vec<Keys>;

    /// Folds a page into the rows that it touches.
    async fn folded(&self, page: &Page<'_>, keys: &[Keys], rows: Stored<'_>) -> Result<Folded, StoreError>;

    /// See [`retry`].
    async fn replay_parked(&self, sources: &Sources) -> Result<Retried, StoreError>;

    /// See [`rebuild`].
    async fn fold_anew(&self, sources: &Sources, wish: Wish, progress: Told<'_>) -> Result<Rebuilt, RebuildError>;
}

/// Hears how far a rebuild is.
pub(crate) type Told<'a> = &'a (dyn Fn(RebuildProgress) + Send + Sync);

/// Where a view's rows are.
pub(crate) struct Stored<'a> {
    pub(crate) store: &'a dyn ViewStore,
    pub(crate) side: Side,
    pub(crate) parked: &'a HashSet<String>,
}

/// What a page changes in a view.
pub(crate) struct Folded {
    /// Rows and parked keys; how far they reach is for whoever writes them, unless the page could not be folded to its end.
    pub(crate) changes: Changes,
    /// Why it could not: the next event is a newer node's.
    pub(crate) unknown: Option<String>,
}

#[async_trait]
impl<P: Projection> AnyView for P {
    fn shape(&self) -> View {
        P::VIEW
    }

    fn opens(&self) -> bool {
        !P::INDEX
    }

    fn touched(&self, page: &Page<'_>, after: Position) -> Vec<Keys> {
        page.keys(self, after)
    }

    async fn folded(&self, page: &Page<'_>, keys: &[Keys], rows: Stored<'_>) -> Result<Folded, StoreError> {
        let mut wanted: Vec<_> = Vec::new();
        if !P::INDEX {
            wanted.extend(keys.iter().flat_map(Keys::iter).map(str::to_owned));
            wanted.sort_unstable();
            wanted.dedup();
        }
        let stored = match wanted.as_slice() {
            [] => Vec::new(),
            wanted => rows.store.load(&P::VIEW, rows.side, wanted).await?,
        };
        let touched = keys.iter().flat_map(Keys::iter).map(str::to_owned);
        let parked = touched.filter(|key| rows.parked.contains(key)).collect();
        let mut table = Table::load(stored, parked);
        let last = page.last().unwrap_or_default();
        let (to, unknown) = match table.fold_page(self, page, keys)? {
            PageEnd::Folded => (last, None),
            PageEnd::Unknown { before, reason } => (before, Some(reason)),
        };
        let changes = Changes {
            parked_before: rows.parked.len(),
            ..table.changes(to)
        };
        Ok(Folded { changes, unknown })
    }

    async fn replay_parked(&self, sources: &Sources) -> Result<Retried, StoreError> {
        retry(self, sources).await
    }

    async fn fold_anew(&self, sources: &Sources, wish: Wish, progress: Told<'_>) -> Result<Rebuilt, RebuildError> {
        rebuild(self.clone(), sources, wish, MOST_ROWS, progress).await
    }
}
