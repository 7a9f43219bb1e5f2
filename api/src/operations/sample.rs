//! Looks every second at what a node stands on. Probes and figures read what was found, so that no probe asks the database, however
//! often it comes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use adapters::sql::Probe;
use application::{
    credentials::RefreshCounts,
    ports::{
        StoreError,
        clock::Clock,
        jobs::{JobFigures, Waiting},
        refreshes::RefreshFigures,
    },
};
use domain::{Timestamp, log::Position};
use projections::{
    VIEWS, View,
    checkpoints::{Checkpoints, Health},
    store::{Parked, ViewStore},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::measures::Measures;

/// So many rows that stand still are named; the others are counted.
const MOST_NAMED: usize = 100;
const EVERY: Duration = Duration::from_secs(1);
/// A database that takes longer counts as away.
const LONGEST_LOOK: Duration = Duration::from_secs(3);

/// What was found.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When it was looked.
    pub at: Instant,
    /// The database, or why it did not answer.
    pub database: Result<DatabaseSample, String>,
    /// The views; empty when the database did not answer.
    pub views: Vec<ViewSample>,
    /// The disk, where the data is on one that we see.
    pub disk: Option<DiskSample>,
    /// How often this node's renewals of credentials ended how.
    pub renewals: Vec<((String, &'static str), u64)>,
}

/// The database.
#[derive(Clone, Debug, Default)]
pub struct DatabaseSample {
    /// The position of the newest event.
    pub head: Position,
    /// The migrations that it lacks.
    pub missing_migrations: Vec<i64>,
    /// What is to be done by itself.
    pub jobs: JobFigures,
    /// Since when the job is due that waits longest.
    pub jobs_late: Duration,
    /// The credentials that should be renewed, and what stands in the way.
    pub refreshes: RefreshFigures,
    /// The mails that should have left by now.
    pub mails: Waiting,
    /// Since when the mail waits that waits longest.
    pub mails_late: Duration,
}

/// A view.
#[derive(Clone, Debug)]
pub struct ViewSample {
    /// Its name.
    pub name: &'static str,
    /// How many events it does not show yet.
    pub behind_events: u64,
    /// The age of the oldest of them.
    pub behind: Duration,
    /// The version of its shape that this node reads.
    pub version: u32,
    /// How far it is.
    pub position: Position,
    /// How many of its rows stand still.
    pub parked: u64,
    /// The first of them.
    pub first_parked: Vec<Parked>,
    /// How it is doing on this node.
    pub health: Health,
}

/// The disk.
#[derive(Clone, Debug)]
pub struct DiskSample {
    /// Where was looked.
    pub folder: PathBuf,
    /// What is free there, or why nobody knows.
    pub free_bytes: Result<u64, String>,
}

/// What must hold for a node to be ready.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How far a view may be behind.
    pub lag: Duration,
    /// What must be free on the disk, in bytes.
    pub free_bytes: u64,
}

/// What is looked at.
pub struct Sampler {
    /// The database.
    pub probe: Probe,
    /// Where the views are.
    pub store: Arc<dyn ViewStore>,
    /// How they are doing here.
    pub checkpoints: Checkpoints,
    /// The time that events are compared with.
    pub clock: Arc<dyn Clock>,
    /// How renewals of credentials go on this node.
    pub renewals: Arc<RefreshCounts>,
    /// Where the data is, when it is on a disk of this machine.
    pub folder: Option<PathBuf>,
}

impl Sampler {
    /// Looks every second until it is told to stop.
    pub async fn keep(self, found: watch::Sender<Option<Sample>>, measures: Measures, stop: CancellationToken) {
        loop {
            let sample = self.look().await;
            measures.found(&sample);
            found.send_replace(Some(sample));
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Looks once.
    pub async fn look(&self) -> Sample {
        let looked = timeout(LONGEST_LOOK, self.database()).await;
        let looked = looked.unwrap_or_else(|_| Err("it did not answer in time".to_owned()));
        let (database, views) = match looked {
            Ok((database, views)) => (Ok(database), views),
            Err(error) => (Err(error), vec![]),
        };
        Sample {
            at: Instant::now(),
            database,
            views,
            disk: self.disk().await,
            renewals: self.renewals.all().await,
        }
    }

    /// Beside the runtime: a file system over a network may not answer at all.
    async fn disk(&self) -> Option<DiskSample> {
        let folder = self.folder.clone()?;
        let looking = tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || free_bytes(&folder)
        });
        let looked = timeout(LONGEST_LOOK, looking).await.ok().and_then(Result::ok);
        let free_bytes = looked.unwrap_or_else(|| Err("it did not answer in time".to_owned()));
        Some(DiskSample { folder, free_bytes })
    }

    async fn database(&self) -> Result<(DatabaseSample, Vec<ViewSample>), String> {
        let missing_migrations = self.probe.missing_migrations().await.map_err(said)?;
        // Before the checkpoints: a view that moves on meanwhile is not ahead of the log.
        let head = self.probe.head().await.map_err(said)?;
        let mut views = Vec::with_capacity(VIEWS.len());
        for view in VIEWS {
            views.push(self.view(view, head).await?);
        }
        let now = self.clock.now();
        let (jobs, mails, refreshes) = if missing_migrations.is_empty() {
            let jobs = self.probe.jobs(now).await.map_err(said)?;
            let mails = self.probe.mails(now).await.map_err(said)?;
            (jobs, mails, self.probe.refreshes(now).await.map_err(said)?)
        } else {
            (JobFigures::default(), Waiting::default(), RefreshFigures::default())
        };
        let since = |at: Option<Timestamp>| at.and_then(|at| (now - at).to_std().ok()).unwrap_or_default();
        let database = DatabaseSample {
            head,
            missing_migrations,
            jobs,
            jobs_late: since(jobs.oldest_due),
            refreshes,
            mails,
            mails_late: since(mails.since),
        };
        Ok((database, views))
    }

    async fn view(&self, view: &View, head: Position) -> Result<ViewSample, String> {
        let checkpoint = self.store.checkpoint(view).await.map_err(said)?;
        let parked = self.store.parked(view, checkpoint.side).await.map_err(said)?;
        let behind_events = head.0.saturating_sub(checkpoint.position.0);
        let behind = match behind_events {
            0 => Duration::ZERO,
            _ => self.age(Position(checkpoint.position.0 + 1)).await?,
        };
        Ok(ViewSample {
            name: view.name,
            version: view.version,
            position: checkpoint.position,
            behind_events,
            behind,
            parked: parked.len() as u64,
            first_parked: parked.into_iter().take(MOST_NAMED).collect(),
            health: self.checkpoints.health(view.name).unwrap_or_default(),
        })
    }

    async fn age(&self, position: Position) -> Result<Duration, String> {
        let recorded = self.probe.recorded_at(position).await.map_err(said)?;
        let age = recorded.map(|at| (self.clock.now() - at).to_std().unwrap_or_default());
        Ok(age.unwrap_or_default())
    }
}

/// What is free in a folder for this user.
fn free_bytes(folder: &Path) -> Result<u64, String> {
    let found = rustix::fs::statvfs(folder).map_err(|error| error.to_string())?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn said(error: StoreError) -> String {
    error.to_string()
}
