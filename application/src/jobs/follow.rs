//! Policies follow the log: from events to jobs, each event once.

use std::{sync::Arc, time::Duration};

use domain::{
    Timestamp,
    log::{DecodeError, Position, Recorded},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{Duties, Policy, Wanted};
use crate::{
    app::App,
    ports::{
        StoreError,
        jobs::{Advanced, NewJob},
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
        tasks.spawn(Followed::new(Arc::clone(app), Arc::clone(policy)).run());
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
        app.jobs.checkpoint(policy.name(), head).await?;
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
        let reached = None;
        Self { app, policy, reached }
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
    /// When the store fails, or an event cannot be read that the policy must see.
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
        let now = self.app.clock.now();
        let Read { to, jobs, stopped } = self.read(reached.seen, &page, now);
        let is_time = reached.at.elapsed() >= BETWEEN_CHECKPOINTS;
        if jobs.is_empty() && (to == reached.stored || !is_time) {
            self.reached = Some(Reached { seen: to, ..reached });
        } else {
            let store = &self.app.jobs;
            let advanced = store
                .advance(self.policy.name(), reached.stored, to, &jobs, now)
                .await?;
            self.reached = (advanced == Advanced::Done).then(|| Reached {
                stored: to,
                seen: to,
                at: Instant::now(),
            });
            if advanced == Advanced::Lost {
                return Ok(Step::Again); // another node was here: go on from where it left
            }
        }
        match stopped {
            Some(error) => Err(error.into()),
            None => Ok(step),
        }
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

    /// The jobs of a page, up to the first event that cannot be read: a newer node's, which that node goes on with, or a
    /// damaged one, which must not be skipped in silence.
    fn read(&self, seen: Position, page: &[Recorded], now: Timestamp) -> Read {
        let mut read = Read {
            to: seen,
            jobs: vec![],
            stopped: None,
        };
        for recorded in page {
            if self.policy.follows(&recorded.aggregate_type, &recorded.event_type) {
                match recorded.event() {
                    Ok(event) => {
                        let wanted = self.policy.jobs(&event, recorded).into_iter().enumerate();
                        let jobs = wanted.map(|(number, wanted)| self.job(recorded, number, wanted, now));
                        read.jobs.extend(jobs);
                    }
                    Err(error) => {
                        read.stopped = Some(error);
                        return read;
                    }
                }
            }
            read.to = recorded.position;
        }
        read
    }

    fn job(&self, recorded: &Recorded, number: usize, wanted: Wanted, now: Timestamp) -> NewJob {
        let run_at = wanted.run_at.unwrap_or(now);
        NewJob {
            tenant: Some(recorded.tenant_id),
            payload: wanted.payload,
            ..NewJob::of_event(self.policy.name(), recorded.event_id, number, wanted.kind, run_at)
        }
    }
}

struct Read {
    to: Position,
    jobs: Vec<NewJob>,
    stopped: Option<DecodeError>,
}
