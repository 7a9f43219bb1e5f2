//! Policies follow the log: from events to jobs, each event once.

use std::{sync::Arc, time::Duration};

use domain::{
    Timestamp,
    log::{DecodeError, Position, Recorded},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    Duties, Policy,
    judged::{Obstacle, judged},
};
use crate::{
    app::App,
    ports::{
        StoreError,
        jobs::{Advanced, NewJob, Stride, Unread},
    },
};

/// So many events are read at once.
const PAGE: u32 = 500;
/// So often the log is looked at when nothing wakes a policy: commits of nodes that are not heard.
const POLL: Duration = Duration::from_millis(500);
/// So long more commits are waited for after one.
const GATHERING: Duration = Duration::from_millis(20);
/// A checkpoint that moves without jobs is written so often at most: each time costs a flush that appends would have to wait for.
const BETWEEN_CHECKPOINTS: Duration = Duration::from_secs(1);
/// So long a policy waits before it tries again after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Every policy of an installation at work, one task each, until the set is dropped, which loses nothing.
pub fn follow(app: &Arc<App>, duties: &Duties) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for policy in duties.policies() {
        let followed = Followed::new(Arc::clone(app), Arc::clone(&policy.policy));
        tasks.spawn(followed.telling(policy.seen.clone()).run());
    }
    tasks
}

/// Makes every policy that is new begin here: what is committed from now on is theirs, also before anything follows the log.
///
/// # Errors
/// When the store fails.
pub async fn begin(app: &App, duties: &Duties) -> Result<(), StoreError> {
    let head = app.log.head().await?;
    for policy in duties.policies() {
        app.jobs.checkpoint(policy.policy.name(), head).await?;
    }
    Ok(())
}

/// One policy on its way through the log.
pub struct Followed {
    app: Arc<App>,
    policy: Arc<dyn Policy>,
    /// The checkpoint as it is stored, and up to where this node has looked and found nothing to do. Behind the stored one
    /// nothing is lost: events without jobs are looked at again.
    reached: Option<Reached>,
    seen: watch::Sender<Position>,
}

#[derive(Clone, Copy)]
struct Reached {
    stored: Position,
    seen: Position,
    at: Instant,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There may be more at once.
    Again,
    /// Everything was looked at.
    AtHead,
}

impl Followed {
    /// A policy that has not begun yet.
    pub fn new(app: Arc<App>, policy: Arc<dyn Policy>) -> Self {
        let (reached, seen) = (None, watch::Sender::default());
        Self {
            app,
            policy,
            reached,
            seen,
        }
    }

    /// The same, which tells whoever waits up to where every event has its jobs.
    #[must_use]
    pub(super) fn telling(self, seen: watch::Sender<Position>) -> Self {
        Self { seen, ..self }
    }

    async fn run(mut self) {
        let mut committed = self.app.log.committed();
        let mut fails = false;
        loop {
            committed.mark_unchanged(); // what comes from here on wakes us, also while we work
            match self.step().await {
                Ok(Step::Again) => fails = false,
                Ok(Step::AtHead) => {
                    fails = false;
                    let woken = timeout(POLL, committed.changed()).await;
                    // Where many commit, one look is for many of them; where nobody commits on this node any more, it is for others'.
                    sleep(if let Ok(Err(_)) = woken { POLL } else { GATHERING }).await;
                }
                Err(error) => {
                    if !fails {
                        tracing::error!(policy = self.policy.name(), %error, "the policy cannot go on");
                    }
                    fails = true;
                    self.reached = None;
                    sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Goes on until everything that happened so far has its jobs.
    ///
    /// # Errors
    /// When the store fails, or an event is a newer node's that the policy must see.
    pub async fn catch_up(&mut self) -> Result<(), StoreError> {
        while self.step().await? == Step::Again {}
        Ok(())
    }

    async fn step(&mut self) -> Result<Step, StoreError> {
        let reached = match self.reached {
            Some(reached) => reached,
            None => self.begin().await?,
        };
        let page = self.app.log.page(reached.seen, PAGE).await?;
        let step = if page.len() < PAGE as usize {
            Step::AtHead
        } else {
            Step::Again
        };
        let read = self.read(reached.seen, &page, self.app.clock.now());
        if !self.write(reached, &read).await? {
            return Ok(Step::Again); // another node was here: go on from where it left
        }
        self.seen.send_if_modified(|seen| {
            let further = read.to > *seen;
            *seen = read.to.max(*seen);
            further
        });
        match read.stopped {
            Some(error) => Err(error.into()),
            None => Ok(step),
        }
    }

    /// False where another node has moved the checkpoint.
    async fn write(&mut self, reached: Reached, read: &Read) -> Result<bool, StoreError> {
        let is_time = reached.at.elapsed() >= BETWEEN_CHECKPOINTS;
        let has_news = !read.jobs.is_empty() || !read.unread.is_empty();
        if !has_news && (read.to == reached.stored || !is_time) {
            let seen = read.to;
            self.reached = Some(Reached { seen, ..reached });
            return Ok(true);
        }
        let stride = Stride {
            from: reached.stored,
            to: read.to,
            jobs: &read.jobs,
            unread: &read.unread,
        };
        let name = self.policy.name();
        let advanced = self.app.jobs.advance(name, stride, self.app.clock.now()).await?;
        let stands = advanced == Advanced::Done;
        self.reached = stands.then(|| Reached {
            stored: read.to,
            seen: read.to,
            at: Instant::now(),
        });
        for unread in read.unread.iter().filter(|_| stands) {
            let Unread { position, reason } = unread;
            tracing::error!(policy = name, position = position.0, %reason, "the policy goes on without an event");
        }
        Ok(stands)
    }

    async fn begin(&self) -> Result<Reached, StoreError> {
        let head = self.app.log.head().await?;
        let stored = self.app.jobs.checkpoint(self.policy.name(), head).await?;
        Ok(Reached {
            stored,
            seen: stored,
            at: Instant::now(),
        })
    }

    /// The jobs of a page, up to the first event that is a newer node's, which that node goes on with. One that is damaged
    /// concerns one tenant: it is set aside, told of, and keeps nobody else waiting.
    fn read(&self, seen: Position, page: &[Recorded], now: Timestamp) -> Read {
        let mut read = Read {
            to: seen,
            jobs: vec![],
            unread: vec![],
            stopped: None,
        };
        for recorded in page {
            match judged(self.policy.as_ref(), recorded, now) {
                Ok(jobs) => read.jobs.extend(jobs),
                Err(Obstacle::Damaged(reason)) => read.unread.push(Unread {
                    position: recorded.position,
                    reason,
                }),
                Err(Obstacle::Newer(error)) => {
                    read.stopped = Some(error);
                    return read;
                }
            }
            read.to = recorded.position;
        }
        read
    }
}

struct Read {
    to: Position,
    jobs: Vec<NewJob>,
    unread: Vec<Unread>,
    stopped: Option<DecodeError>,
}
