//! What happens by itself.
//!
//! A [`Policy`] follows the log and says which jobs an event makes; a [`Handler`] does the jobs of one kind. Both are hung into
//! [`Duties`], once, where an installation is put together. What keeps them going is here: [`follow`] writes jobs and a policy's
//! checkpoint in one transaction, so that an event makes its jobs exactly once; [`Worker`] does them at least once, each in one
//! node's hands at a time.
//!
//! What has no event but a time is a job too: [`NewJob::due`] with [`schedule`](crate::ports::jobs::Jobs::schedule), or, when it comes round for ever, with
//! [`Duties::recurring`] and a handler that answers [`Outcome::Again`].

mod attempt;
mod care;
mod follow;
mod heeded;
mod judged;
mod parked;
mod retry;
mod worker;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Timestamp,
    event::Event,
    ids::{AgencyId, TenantId},
    log::{Metadata, Position, Recorded},
};
use tokio::sync::watch;

pub use care::Care;
pub use follow::{Followed, begin, follow};
pub use parked::{Shown, parked, show_parked};
pub use retry::RetryJob;
pub use worker::{Pace, Worker};

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    metadata::Actor,
    ports::{
        StoreError,
        jobs::{Claim, Job, NewJob},
    },
};

/// Says which jobs an event makes. Pure: the same event makes the same jobs on every node. It begins at the head of the log and
/// sees each event once; rebuilds and imports show it nothing.
pub trait Policy: Send + Sync + 'static {
    /// Its name. Its checkpoint is kept under it, so it is never changed.
    fn name(&self) -> &'static str;

    /// Whether it has to see events of that stream type and event type. Others are not even decoded.
    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool;

    /// The jobs of an event, in an order that does not change. The personal part is not opened: a job holds ids only.
    fn jobs(&self, event: &Event, recorded: &Recorded) -> Vec<Wanted>;
}

/// A job that a policy wants. Its tenant and its cause are the event's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The kind of its [`Handler`].
    pub kind: &'static str,
    /// Ids of what it is about.
    pub payload: Metadata,
    /// When it is due; none: at once.
    pub run_at: Option<Timestamp>,
}

impl Wanted {
    /// A job that is due at once.
    pub fn new(kind: &'static str) -> Self {
        Self {
            kind,
            payload: Metadata::new(),
            run_at: None,
        }
    }

    /// The same about something.
    #[must_use]
    pub fn about(mut self, name: &str, id: impl std::fmt::Display) -> Self {
        self.payload.insert(name.to_owned(), id.to_string());
        self
    }

    /// The same, due at a time.
    #[must_use]
    pub fn at(self, run_at: Timestamp) -> Self {
        let run_at = Some(run_at);
        Self { run_at, ..self }
    }
}

/// Does the jobs of one kind. It holds what it needs beside the use cases. A job may be done twice, when a node dies between the
/// deed and its note: what is done must bear that, by the job's id or by the log's versions.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The kind of its jobs. They are kept under it, so it is never changed.
    fn kind(&self) -> &'static str;

    /// How long it may take, and how often it is tried.
    fn care(&self) -> Care {
        Care::default()
    }

    /// Does a job. No transaction is open meanwhile. It may be dropped at any await: at its deadline, and when the node stops.
    async fn run(&self, run: &Run<'_>) -> Outcome;
}

/// What came of an attempt. Its words are shown to the agency that the job is for, so they hold no secret and no other's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done: what came of it.
    Done(String),
    /// It is done for this time, and due again.
    Again {
        /// What came of it.
        result: String,
        /// When it is due again.
        at: Timestamp,
    },
    /// It did not work; it is tried again after a pause that grows, so often as [`Care`] says.
    Later {
        /// Why.
        why: String,
        /// Not before this moment, where somebody said so.
        not_before: Option<Timestamp>,
    },
    /// It will never work.
    Dead(String),
}

impl Outcome {
    /// It did not work; it is tried again after the usual pause.
    pub fn later(why: impl Into<String>) -> Self {
        Self::Later {
            why: why.into(),
            not_before: None,
        }
    }
}

impl From<CommandError> for Outcome {
    /// A store that is away comes back; what a rule refuses is refused the next time too.
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Store(error) => error.into(),
            CommandError::Contended => Self::later("others were faster too often"),
            CommandError::CredentialsAway(_) => Self::later("the provider did not renew the credentials just now"),
            refused => Self::Dead(refused.to_string()),
        }
    }
}

impl From<StoreError> for Outcome {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "a job cannot reach what it needs");
        Self::later("the database did not answer")
    }
}

/// An attempt at a job.
pub struct Run<'a> {
    /// The use cases.
    pub app: &'a Arc<App>,
    /// The job.
    pub job: &'a Job,
    claim: Claim,
}

impl Run<'_> {
    /// The frame of what the server does by itself for a tenant.
    pub fn context(&self, agency: AgencyId, tenant: TenantId) -> Context {
        self.app.context_of(tenant, agency, Actor::System)
    }

    /// Shows how far the job is.
    ///
    /// # Errors
    /// When the store fails, or somebody else has taken the job over: what is still to do is theirs.
    pub async fn note(&self, progress: &str) -> Result<(), StoreError> {
        if self.app.jobs.note(self.claim, progress).await? {
            return Ok(());
        }
        Err(StoreError::Unavailable("the job is in other hands".to_owned()))
    }
}

/// The name of its share in the payload of a job that comes round in several.
pub(crate) const SHARE: &str = "share";

/// A policy, and up to where this node knows that every event has its jobs.
#[derive(Clone)]
pub(crate) struct Heeded {
    policy: Arc<dyn Policy>,
    seen: watch::Sender<Position>,
}

/// Everything that an installation does by itself.
#[derive(Clone, Default)]
pub struct Duties {
    policies: Vec<Heeded>,
    handlers: Vec<Arc<dyn Handler>>,
    recurring: Vec<(&'static str, u32)>,
}

impl Duties {
    /// With a policy.
    #[must_use]
    pub fn policy(mut self, policy: impl Policy) -> Self {
        self.policies.push(Heeded {
            policy: Arc::new(policy),
            seen: watch::Sender::default(),
        });
        self
    }

    /// With a handler of a kind.
    #[must_use]
    pub fn handler(mut self, handler: impl Handler) -> Self {
        self.handlers.push(Arc::new(handler));
        self
    }

    /// With a handler whose one job comes round for ever: it is there as soon as a worker is, and answers [`Outcome::Again`].
    #[must_use]
    pub fn recurring(self, handler: impl Handler) -> Self {
        self.recurring_in_shares(handler, 1)
    }

    /// The same in so many jobs, which nodes share. Each but the first says in its payload which `share` it is, from 0.
    #[must_use]
    pub fn recurring_in_shares(mut self, handler: impl Handler, shares: u32) -> Self {
        self.recurring.push((handler.kind(), shares));
        self.handler(handler)
    }

    /// The jobs that come round for ever; those that are there already stay as they are.
    pub(crate) fn standing(&self, now: Timestamp) -> Vec<NewJob> {
        let shares = |(kind, shares): &(&'static str, u32)| {
            let kind = *kind;
            (0..*shares).map(move |share| match share {
                0 => NewJob::due(kind, "", now),
                share => NewJob::due(kind, &share.to_string(), now).about(SHARE, share),
            })
        };
        self.recurring.iter().flat_map(shares).collect()
    }

    pub(crate) fn policies(&self) -> &[Heeded] {
        &self.policies
    }

    pub(crate) fn handlers(&self) -> &[Arc<dyn Handler>] {
        &self.handlers
    }
}
