//! Follows the log and keeps views up to date: a page is read, opened and written once for all views that stand together.
//!
//! A view that is behind, failed, lost a race or is kept by another node goes its own way (`alone.rs`) and joins the others when it
//! is near them and well. Nothing that one view does keeps the others up.

mod alone;
mod seat;
mod turn;

use std::{mem, sync::Arc, time::Duration};

use application::ports::log::EventLog;
use domain::log::Position;
use futures_util::future::join_all;
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};

use crate::{
    Projection,
    checkpoints::Checkpoints,
    every::{AnyView, every_view},
    reader::EventReader,
    store::ViewStore,
};
use alone::alone;
use seat::Seat;
use turn::{End, Reach, turn};

/// So often within its time a node says that it still keeps a view.
const RENEWALS: u32 = 3;
/// Views no further apart than so many pages are read for together.
const PAGES_APART: u64 = 4;

/// How a runner follows the log.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many events are folded in one transaction.
    pub page: u32,
    /// How often the log is looked at when nothing wakes the runner: commits of other nodes.
    pub poll: Duration,
    /// So long it leaves the log alone after it read the newest events and they were many, so that commits gather. One that comes
    /// after a silence, or alone, is read at once.
    pub gather: Duration,
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
            gather: Duration::from_millis(4),
            longest_pause: Duration::from_secs(5),
            lease: Duration::from_secs(1),
        }
    }
}

/// Where views' events come from and their rows go to.
#[derive(Clone)]
pub struct Sources {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Opens its events.
    pub reader: Arc<dyn EventReader>,
    /// Keeps the rows.
    pub store: Arc<dyn ViewStore>,
}

/// What all views of a runner work with.
#[derive(Clone)]
struct Shared {
    sources: Sources,
    checkpoints: Checkpoints,
    pace: Pace,
}

/// Keeps views up to date. Dropping it at any moment loses nothing: what a page changes is one transaction, and what it did not
/// commit is folded again from the checkpoint.
pub struct Runner {
    shared: Shared,
    /// Whose log is read together.
    together: Vec<Seat>,
    /// Who goes its own way; it comes back once it is near the others.
    away: JoinSet<Option<Seat>>,
    /// How far the foremost of those together is; 0 when there is none.
    foremost: watch::Sender<Position>,
}

/// Keeps every view up to date until the set is dropped.
pub fn keep_all(sources: &Sources, checkpoints: &Checkpoints, pace: Pace) -> JoinSet<()> {
    let runner = Runner::of(every_view(), sources.clone(), checkpoints.clone(), pace);
    let mut tasks = JoinSet::new();
    tasks.spawn(runner.run());
    tasks
}

impl Runner {
    /// A runner of one view that has not begun yet.
    pub fn new<P: Projection>(projection: P, sources: Sources, checkpoints: Checkpoints, pace: Pace) -> Self {
        Self::of(vec![Box::new(projection)], sources, checkpoints, pace)
    }

    fn of(views: Vec<Box<dyn AnyView>>, sources: Sources, checkpoints: Checkpoints, pace: Pace) -> Self {
        Self {
            shared: Shared {
                sources,
                checkpoints,
                pace,
            },
            together: views.into_iter().map(Seat::new).collect(),
            away: JoinSet::new(),
            foremost: watch::Sender::new(Position(0)),
        }
    }

    /// Follows the log until it is dropped, or until every view met an event that only a newer node can read; its health says so
    /// then.
    pub async fn run(mut self) {
        for seat in mem::take(&mut self.together) {
            self.leaves(seat); // nobody knows yet where it stands
        }
        let mut committed = self.shared.sources.log.committed();
        while self.has_views().await {
            committed.mark_unchanged(); // what comes from here on wakes us, also while we work
            match self.turn().await {
                Some(Reach::Head) => self.rest(&mut committed).await,
                Some(Reach::NearHead) => tokio::time::sleep(self.shared.pace.gather).await,
                Some(Reach::Page) | None => {}
            }
        }
    }

    /// Takes in who has come back, and waits for somebody when there is none to read for; false when all have stood down.
    async fn has_views(&mut self) -> bool {
        while let Some(back) = self.away.try_join_next() {
            self.comes(back);
        }
        while self.together.is_empty() {
            match self.away.join_next().await {
                Some(back) => self.comes(back),
                None => return false,
            }
        }
        true
    }

    /// One page for all. None when it could not be read; then everybody is away.
    async fn turn(&mut self) -> Option<Reach> {
        let mut seats = self.kept().await;
        if seats.is_empty() {
            return None;
        }
        let (reach, ends) = match turn(&self.shared, &mut seats).await {
            Ok((reach, ends)) => (Some(reach), ends),
            Err(error) => (None, seats.iter().map(|_| End::Failed(error.clone())).collect()),
        };
        for (seat, end) in seats.into_iter().zip(ends) {
            self.goes_on(seat, end).await;
        }
        self.publish();
        reach
    }

    async fn goes_on(&mut self, mut seat: Seat, end: End) {
        let stays = matches!(end, End::Done);
        if seat.ends(&self.shared, end).await.is_break() {
            return; // it stood down
        }
        if stays {
            self.together.push(seat);
        } else {
            self.leaves(seat);
        }
    }

    /// Those whose lease this node still has.
    async fn kept(&mut self) -> Vec<Seat> {
        let mut seats = mem::take(&mut self.together);
        let held = join_all(seats.iter_mut().map(|seat| seat.is_held(&self.shared))).await;
        let mut kept = Vec::with_capacity(seats.len());
        for (seat, held) in seats.into_iter().zip(held) {
            match held {
                Ok(true) => kept.push(seat),
                Ok(false) => self.leaves(seat),
                Err(error) => self.goes_on(seat, End::Failed(error)).await,
            }
        }
        kept
    }

    /// Nothing to fold: waits for a commit, or for a view that wants to join.
    async fn rest(&mut self, committed: &mut watch::Receiver<Position>) {
        let Pace { poll, lease, .. } = self.shared.pace;
        tokio::select! {
            () = woken(committed, poll.min(lease / RENEWALS)) => {}
            Some(back) = self.away.join_next() => self.comes(back),
        }
    }

    fn leaves(&mut self, seat: Seat) {
        self.away
            .spawn(alone(seat, self.shared.clone(), self.foremost.subscribe()));
    }

    /// A view joins the others. The foremost do not wait for who is far behind: they leave each other.
    fn comes(&mut self, back: Result<Option<Seat>, JoinError>) {
        match back {
            Ok(Some(seat)) => self.together.push(seat),
            Ok(None) => return,
            Err(_) => return tracing::error!("a view is not kept any more"), // a panic's words may hold anything
        }
        self.publish();
        let foremost = *self.foremost.borrow();
        let apart = PAGES_APART * u64::from(self.shared.pace.page);
        let (near, far) = mem::take(&mut self.together)
            .into_iter()
            .partition(|seat| seat.is_near(foremost, apart));
        self.together = near;
        for seat in Vec::from_iter(far) {
            self.leaves(seat);
        }
    }

    fn publish(&self) {
        let foremost = self.together.iter().map(Seat::position).max();
        self.foremost.send_replace(foremost.unwrap_or_default());
    }
}

/// Returns when this node committed something, or it is time to look for other nodes' commits.
async fn woken(committed: &mut watch::Receiver<Position>, poll: Duration) {
    let woken = tokio::time::timeout(poll, committed.changed()).await;
    if let Ok(Err(_)) = woken {
        tokio::time::sleep(poll).await; // nobody commits on this node any more
    }
}
