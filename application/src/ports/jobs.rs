//! The rows of what is to be done by itself: jobs, and how far each policy has read the log.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::{EventId, JobId, TenantId},
    log::{Metadata, Position},
};
use tokio::sync::watch;
use uuid::Uuid;

use super::StoreError;

/// Under this name the ids of jobs are derived that follow from no event.
const DUE_ITEMS: Uuid = Uuid::from_u128(0x6772_616e_746c_696e_6b20_6475_6520_6974);

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum JobState {
    /// It waits for its time, or for a worker.
    Queued,
    /// A worker is at it.
    Running,
    /// It was done.
    Done,
    /// It was given up: somebody has to look at it.
    Dead,
}

/// One thing to do by itself, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id, the same in every attempt: what is done outside can carry it, so that a second time shows as one.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// For whom; none where it concerns the whole installation.
    pub tenant: Option<TenantId>,
    /// The event that it follows from; none where it came due by itself or was asked for.
    pub cause: Option<EventId>,
    /// Ids of what it is about, and nothing else: no name, no address, no secret.
    pub payload: Metadata,
    /// When it was written.
    pub created_at: Timestamp,
    /// It is not begun before this moment.
    pub run_at: Timestamp,
    /// How often it was begun.
    pub attempt: u32,
    /// Where it stands.
    pub state: JobState,
    /// How far it is, in its handler's words.
    pub progress: Option<String>,
    /// Why it is not done yet, in its handler's words.
    pub reason: Option<String>,
    /// What came of it, in its handler's words.
    pub result: Option<String>,
    /// When it was done or given up.
    pub ended_at: Option<Timestamp>,
}

impl Job {
    /// An id of its payload.
    pub fn id_of<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.payload.get(name)?.parse().ok()
    }
}

/// A job that does not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Its id; one that is known is not written again.
    pub id: JobId,
    /// What is to be done.
    pub kind: &'static str,
    /// For whom; none where it concerns the whole installation.
    pub tenant: Option<TenantId>,
    /// The event that it follows from.
    pub cause: Option<EventId>,
    /// Ids of what it is about, and nothing else.
    pub payload: Metadata,
    /// It is not begun before this moment.
    pub run_at: Timestamp,
}

impl NewJob {
    /// The job with that number that a policy makes of an event: the same id whoever makes it, and however often.
    pub fn of_event(policy: &str, event: EventId, number: usize, kind: &'static str, run_at: Timestamp) -> Self {
        Self {
            id: JobId(Uuid::new_v5(&event.0, format!("{policy}/{number}").as_bytes())),
            kind,
            tenant: None,
            cause: Some(event),
            payload: Metadata::new(),
            run_at,
        }
    }

    /// Something that is due at a time, once per kind and key: refreshing a grant, syncing an integration, sweeping.
    pub fn due(kind: &'static str, key: &str, run_at: Timestamp) -> Self {
        Self {
            id: JobId(Uuid::new_v5(&DUE_ITEMS, format!("{kind}\n{key}").as_bytes())),
            kind,
            tenant: None,
            cause: None,
            payload: Metadata::new(),
            run_at,
        }
    }

    /// The same for a tenant, who may see it.
    #[must_use]
    pub fn of_tenant(self, tenant: TenantId) -> Self {
        let tenant = Some(tenant);
        Self { tenant, ..self }
    }

    /// The same about something.
    #[must_use]
    pub fn about(mut self, name: &str, id: impl std::fmt::Display) -> Self {
        self.payload.insert(name.to_owned(), id.to_string());
        self
    }
}

/// A worker's hold of a job. Whoever takes the job over counts the fence up: what an earlier one says then is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// Which hold of it.
    pub fence: i64,
}

/// A job in the hands of a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The job, this attempt counted.
    pub job: Job,
    /// The hold.
    pub claim: Claim,
}

/// How an attempt is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was done.
    Done {
        /// What came of it.
        result: String,
        /// When.
        at: Timestamp,
    },
    /// It was done for this time and is due again; its attempts count from the beginning.
    Again {
        /// What came of it.
        result: String,
        /// When it is due again.
        at: Timestamp,
    },
    /// It did not work; it is tried again.
    Later {
        /// Why.
        reason: String,
        /// Not before this moment.
        at: Timestamp,
    },
    /// It will never work, or was tried often enough.
    Dead {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// The node stops: as if this attempt had not begun.
    Released,
}

/// Which jobs are asked for.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only this tenant's.
    pub tenant: Option<TenantId>,
    /// Only those that stand so.
    pub state: Option<JobState>,
    /// Only those that were written before this one.
    pub before: Option<(Timestamp, JobId)>,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobFigures {
    /// Waiting, for their time or for a worker.
    pub queued: u64,
    /// In a worker's hands.
    pub running: u64,
    /// Given up.
    pub dead: u64,
    /// Events that a policy could not read.
    pub parked: u64,
    /// Since when the one that waits longest is due.
    pub oldest_due: Option<Timestamp>,
}

/// What of some kinds should have been done by now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many: due, being done, or tried and to be tried again.
    pub count: u64,
    /// Since when the one that waits longest waits.
    pub since: Option<Timestamp>,
}

/// A policy's step through the log.
#[derive(Clone, Copy, Debug)]
pub struct Stride<'a> {
    /// Where it stood.
    pub from: Position,
    /// Where it stands then.
    pub to: Position,
    /// What the events in between make necessary.
    pub jobs: &'a [NewJob],
    /// Those of them that it could not read.
    pub unread: &'a [Unread],
}

/// An event that a policy could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The event.
    pub position: Position,
    /// Why, without data.
    pub reason: String,
}

/// An event that a policy went on without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedEvent {
    /// The policy.
    pub policy: String,
    /// The event.
    pub event: Unread,
    /// Since when.
    pub parked_at: Timestamp,
}

/// How a policy's step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Advanced {
    /// Checkpoint and jobs stand.
    Done,
    /// Another node was first, nothing was written: look again.
    Lost,
}

/// Keeps jobs and the policies' checkpoints, in the database of the log. What is due is told by the caller's clock, which tests
/// can move; leases are counted by the database's, so that a node whose clock runs wrong takes nothing from others.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// How far a policy has read. One that is new begins behind `head`: it does nothing about what happened before it was there.
    async fn checkpoint(&self, policy: &str, head: Position) -> Result<Position, StoreError>;

    /// Moves a policy's checkpoint, writes the jobs of the events in between and parks those that could not be read, in one
    /// transaction, if it still is at `from`.
    async fn advance(&self, policy: &str, stride: Stride<'_>, now: Timestamp) -> Result<Advanced, StoreError>;

    /// The first of the events that policies went on without, behind one of them.
    async fn parked(&self, behind: Option<&ParkedEvent>, at_most: u32) -> Result<Vec<ParkedEvent>, StoreError>;

    /// Writes the jobs of an event that a policy could read at last, which is parked no more, in one transaction. False when it
    /// was not parked: then nothing is written.
    async fn unpark(
        &self,
        policy: &str,
        position: Position,
        jobs: &[NewJob],
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Writes jobs that no policy made; known ones stay as they are.
    async fn add(&self, jobs: &[NewJob], now: Timestamp) -> Result<(), StoreError>;

    /// Makes a job due at its time, whether it is new, waits for another time or has ended. False while a worker is at it:
    /// it is not disturbed.
    async fn schedule(&self, job: &NewJob, now: Timestamp) -> Result<bool, StoreError>;

    /// Changes whenever this node wrote jobs: there may be something to take.
    fn added(&self) -> watch::Receiver<()>;

    /// Which of these kinds have something to take: a job whose time has come, or one whose worker gave no sign of life in time.
    async fn waiting(&self, kinds: &[&'static str], now: Timestamp) -> Result<Vec<String>, StoreError>;

    /// Takes so many jobs of a kind at most, each for the time of a lease.
    async fn take(&self, kind: &str, at_most: usize, lease: Duration, now: Timestamp)
    -> Result<Vec<Taken>, StoreError>;

    /// Keeps a job in hand for a lease from now. False when somebody else took it over.
    async fn renew(&self, claim: Claim, lease: Duration) -> Result<bool, StoreError>;

    /// Notes how far a job is. False when somebody else took it over.
    async fn note(&self, claim: Claim, progress: &str) -> Result<bool, StoreError>;

    /// Writes down how an attempt ended. False when somebody else took the job over: then nothing is written.
    async fn end(&self, claim: Claim, ending: &Ending) -> Result<bool, StoreError>;

    /// One job.
    async fn get(&self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// The newest jobs.
    async fn list(&self, filter: &JobFilter, at_most: u32) -> Result<Vec<Job>, StoreError>;

    /// Queues a dead job anew, to be begun at once. False when it is not dead.
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<bool, StoreError>;

    /// Deletes a dead job. False when it is not dead.
    async fn delete(&self, id: JobId) -> Result<bool, StoreError>;

    /// How much there is to do.
    async fn figures(&self, now: Timestamp) -> Result<JobFigures, StoreError>;

    /// Deletes so many of the jobs that were done at that time or before, and answers how many it deleted. Dead ones stay.
    async fn forget_some(&self, done_until: Timestamp, at_most: u32) -> Result<u32, StoreError>;
}
