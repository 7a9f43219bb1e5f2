//! Folds the whole log anew beside the live rows, and switches. Nothing is appended, and readers notice nothing.

use application::ports::StoreError;
use domain::log::Position;

use crate::{
    Projection, VIEWS,
    audit_entry::AuditEntryView,
    connection_span::ConnectionSpanView,
    fold::{Closed, PageEnd, Table},
    integration::IntegrationView,
    link::LinkView,
    report_day::ReportDayView,
    runner::Sources,
    store::{Build, Switched, Written},
};

/// How many events are read at once.
const PAGE: u32 = 1_000;
/// The most rows that one transaction writes, so that none is long.
const CHUNK: usize = 1_000;

/// How far a rebuild has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RebuildProgress {
    /// Everything up to here is folded.
    pub position: Position,
    /// The end of the log, as last seen.
    pub head: Position,
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
    progress: impl Fn(RebuildProgress) + Send + Sync,
) -> Result<Position, RebuildError> {
    match name {
        "link" => rebuild(LinkView, sources, progress).await,
        "integration" => rebuild(IntegrationView, sources, progress).await,
        "audit_entry" => rebuild(AuditEntryView, sources, progress).await,
        "report_day" => rebuild(ReportDayView, sources, progress).await,
        "connection_span" => rebuild(ConnectionSpanView, sources, progress).await,
        _ => Err(RebuildError::NoView(name.to_owned())),
    }
}

/// Rebuilds a view from the first event on.
///
/// The idle side is filled while the live one goes on. The switch holds the live checkpoint, writes the rest and makes the
/// built side live in one transaction; it may be further than the live side, never behind it.
///
/// # Errors
/// When the log cannot be read to its end, another rebuild takes over, or something fails.
pub async fn rebuild<P: Projection>(
    projection: P,
    sources: &Sources,
    progress: impl Fn(RebuildProgress) + Send + Sync,
) -> Result<Position, RebuildError> {
    let build = sources.store.begin_build(&P::VIEW).await?;
    let mut rebuild = Rebuild {
        projection,
        sources,
        build,
        table: Table::default(),
        at: Position(0),
    };
    loop {
        rebuild.catch_up(&progress).await?;
        if rebuild.table.changed() > CHUNK {
            rebuild.fill().await?; // too much for the switch: write it first, then catch up again
            continue;
        }
        let changes = rebuild.table.changes(rebuild.at);
        match sources.store.switch(&P::VIEW, build, &changes).await? {
            Switched::Done => break,
            Switched::Behind => {}
            Switched::Superseded => return Err(RebuildError::Superseded),
        }
    }
    owned(sources.store.clear_idle(&P::VIEW, build).await?)?;
    Ok(rebuild.at)
}

struct Rebuild<'a, P: Projection> {
    projection: P,
    sources: &'a Sources,
    build: Build,
    table: Table<P::Row>,
    at: Position,
}

impl<P: Projection> Rebuild<'_, P> {
    /// Folds up to the head of the log.
    async fn catch_up(&mut self, progress: &impl Fn(RebuildProgress)) -> Result<(), RebuildError> {
        loop {
            let head = self.sources.log.head().await?;
            let page = self.sources.log.page(self.at, PAGE).await?;
            let Some(last) = page.last().map(|recorded| recorded.position) else {
                return Ok(());
            };
            let closed = page.iter().map(|recorded| Closed::new(&self.projection, recorded));
            let reader = self.sources.reader.as_ref();
            let end = self.table.fold_page(&self.projection, reader, closed.collect()).await?;
            if let PageEnd::Unknown { reason, .. } = end {
                return Err(RebuildError::Unknown(reason));
            }
            self.at = last;
            let at_head = page.len() < PAGE as usize;
            if P::INDEX && self.table.changed() > CHUNK {
                self.fill().await?;
            }
            progress(RebuildProgress {
                position: self.at,
                head: head.max(self.at),
            });
            if at_head {
                return Ok(());
            }
        }
    }

    /// Writes what changed to the idle side. An index never looks at its rows again, so they are dropped.
    async fn fill(&mut self) -> Result<(), RebuildError> {
        for rows in self.table.changed_rows().chunks(CHUNK) {
            owned(self.sources.store.fill(&P::VIEW, self.build, rows).await?)?;
        }
        self.table.written();
        if P::INDEX {
            self.table.forget_rows();
        }
        Ok(())
    }
}

fn owned(written: Written) -> Result<(), RebuildError> {
    match written {
        Written::Done => Ok(()),
        Written::Lost => Err(RebuildError::Superseded),
    }
}
