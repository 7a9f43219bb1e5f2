//! Follows the log and keeps one view up to date.

use std::{sync::Arc, time::Duration};

use application::ports::{StoreError, log::EventLog};
use domain::log::Position;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    Projection,
    audit_entry::AuditEntryView,
    checkpoints::{Checkpoints, Health},
    connection_span::ConnectionSpanView,
    fold::{Closed, PageEnd, Table},
    integration::IntegrationView,
    link::LinkView,
    reader::EventReader,
    report_day::ReportDayView,
    retry::retry,
    store::{Changes, Checkpoint, ViewStore, Written},
};

/// So often within its time a node says that it still keeps a view.
const RENEWALS: u32 = 3;
/// So often within that time another node looks whether it may.
const TRIES: u32 = 10;

/// How a runner follows the log.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many events are folded in one transaction.
    pub page: u32,
    /// How often the log is looked at when nothing wakes the runner: commits of other nodes.
    pub poll: Duration,
    /// The longest pause between tries while something fails.
    pub longest_pause: Duration,
    /// So long after its last sign of life a node's work is another's.
    pub lease: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            page: 500,
            poll: Duration::from_millis(200),
            longest_pause: Duration::from_secs(5),
            lease: Duration::from_secs(1),
        }
    }
}

/// Where a view's events come from and its rows go to.
#[derive(Clone)]
pub struct Sources {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Opens its events.
    pub reader: Arc<dyn EventReader>,
    /// Keeps the rows.
    pub store: Arc<dyn ViewStore>,
}

/// Keeps one view up to date. Dropping it at any moment loses nothing: a batch is one transaction, and what it did not commit
/// is folded again from the checkpoint.
pub struct Runner<P> {
    projection: P,
    sources: Sources,
    checkpoints: Checkpoints,
    pace: Pace,
    /// When this node last made sure that the view is its own.
    held: Option<Instant>,
    /// Whether what is parked was tried again since this program started: it may know better than the one before it.
    retried: bool,
}

/// Keeps every view up to date, one task each, until the set is dropped.
pub fn keep_all(sources: &Sources, checkpoints: &Checkpoints, pace: Pace) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(Runner::new(LinkView, sources.clone(), checkpoints.clone(), pace).run());
    tasks.spawn(Runner::new(IntegrationView, sources.clone(), checkpoints.clone(), pace).run());
    tasks.spawn(Runner::new(AuditEntryView, sources.clone(), checkpoints.clone(), pace).run());
    tasks.spawn(Runner::new(ReportDayView, sources.clone(), checkpoints.clone(), pace).run());
    tasks.spawn(Runner::new(ConnectionSpanView, sources.clone(), checkpoints.clone(), pace).run());
    tasks
}

/// What a step of a runner came to.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// There may be more at once.
    Again,
    /// Everything is folded.
    AtHead,
    /// Another node keeps the view.
    Idle,
    /// The next event is a newer node's.
    StoodDown(String),
}

impl<P: Projection> Runner<P> {
    /// A runner that has not begun yet.
    pub fn new(projection: P, sources: Sources, checkpoints: Checkpoints, pace: Pace) -> Self {
        Self {
            projection,
            sources,
            checkpoints,
            pace,
            held: None,
            retried: false,
        }
    }

    /// Follows the log until it is dropped, or meets an event that only a newer node can read; its health says so then.
    pub async fn run(mut self) {
        let view = &P::VIEW;
        let mut committed = self.sources.log.committed();
        let mut pause = self.pace.poll;
        loop {
            committed.mark_unchanged(); // what comes from here on wakes us, also while we work
            match self.turn().await {
                Ok(Step::StoodDown(reason)) => {
                    tracing::warn!(view = view.name, reason, "leaves the view to a newer node");
                    self.let_go().await;
                    return self.checkpoints.is(view, Health::StoodDown(reason));
                }
                Ok(step) => {
                    pause = self.pace.poll;
                    self.checkpoints.is(view, Health::Following);
                    match step {
                        Step::AtHead => woken(&mut committed, self.pace.poll.min(self.pace.lease / RENEWALS)).await,
                        Step::Idle => tokio::time::sleep(self.pace.lease / TRIES).await,
                        Step::Again | Step::StoodDown(_) => {}
                    }
                }
                Err(error) => {
                    if self.checkpoints.health(view.name).ok() == Some(Health::Following) {
                        tracing::error!(view = view.name, %error, "cannot go on with the view");
                    }
                    self.checkpoints.is(view, Health::Failing(error.to_string()));
                    self.let_go().await; // another node may do better
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(self.pace.longest_pause);
                }
            }
        }
    }

    /// One step, if the view is this node's to keep.
    async fn turn(&mut self) -> Result<Step, StoreError> {
        if !self.holds().await? {
            return Ok(Step::Idle);
        }
        if !self.retried {
            retry(&self.projection, &self.sources).await?;
            self.retried = true;
        }
        self.step().await
    }

    /// Whether this node keeps the view. Were two of them to think so for a moment, only one's writes would stand.
    async fn holds(&mut self) -> Result<bool, StoreError> {
        let renewal = self.pace.lease / RENEWALS;
        if self.held.is_some_and(|held| held.elapsed() < renewal) {
            return Ok(true);
        }
        let asked = Instant::now(); // before the store counts
        let holds = self.sources.store.hold(&P::VIEW.id(), self.pace.lease).await?;
        self.held = holds.then_some(asked);
        Ok(holds)
    }

    async fn let_go(&mut self) {
        if self.held.take().is_some() {
            // When that fails, time does it.
            self.sources.store.let_go(&P::VIEW.id()).await.ok();
        }
    }

    /// Folds one page into the rows that it touches, and commits them with the checkpoint, unless somebody else was first.
    async fn step(&self) -> Result<Step, StoreError> {
        let Sources { log, reader, store } = &self.sources;
        let view = &P::VIEW;
        let from = store.checkpoint(view).await?;
        self.checkpoints.advanced(view, from.position);
        let page = log.page(from.position, self.pace.page).await?;
        let Some(last) = page.last().map(|recorded| recorded.position) else {
            return Ok(Step::AtHead);
        };
        let full = page.len() >= self.pace.page as usize;
        let page: Vec<_> = page
            .iter()
            .map(|recorded| Closed::new(&self.projection, recorded))
            .collect();
        let (mut table, parked_before) = self.load(from, &page).await?;
        let end = table.fold_page(&self.projection, reader.as_ref(), page).await?;
        let to = match &end {
            PageEnd::Folded => last,
            PageEnd::Unknown { before, .. } => *before,
        };
        if to > from.position {
            let changes = Changes {
                parked_before,
                ..table.changes(to)
            };
            if store.advance(view, from, &changes).await? == Written::Lost {
                return Ok(Step::Again); // another node folded this page: go on from where it left
            }
            self.checkpoints.advanced(view, to);
        }
        Ok(match end {
            PageEnd::Folded if full => Step::Again,
            PageEnd::Folded => Step::AtHead,
            PageEnd::Unknown { reason, .. } => Step::StoodDown(reason),
        })
    }

    /// The checkpoint was read first: rows that are newer than it mean that it has moved, and then nothing will be written.
    async fn load(&self, from: Checkpoint, page: &[Closed<'_>]) -> Result<(Table<P::Row>, usize), StoreError> {
        let store = &self.sources.store;
        let parked = store.parked(&P::VIEW, from.side).await?;
        let mut keys = Vec::new();
        if !P::INDEX {
            keys.extend(page.iter().flat_map(|closed| closed.keys().iter().map(str::to_owned)));
            keys.sort_unstable();
            keys.dedup();
        }
        let parked_before = parked.len();
        let rows = store.load(&P::VIEW, from.side, &keys).await?;
        Ok((Table::load(rows, parked), parked_before))
    }
}

/// Returns when this node committed something, or it is time to look for other nodes' commits.
async fn woken(committed: &mut tokio::sync::watch::Receiver<Position>, poll: Duration) {
    let woken = tokio::time::timeout(poll, committed.changed()).await;
    if let Ok(Err(_)) = woken {
        tokio::time::sleep(poll).await; // nobody commits on this node any more
    }
}

impl<R: crate::view::ViewRow> Table<R> {
    /// Everything that a transaction must write to reach a position.
    pub(crate) fn changes(&self, to: Position) -> Changes {
        Changes {
            to,
            rows: self.changed_rows(),
            parked: self.newly_parked().to_vec(),
            parked_before: 0,
        }
    }
}
