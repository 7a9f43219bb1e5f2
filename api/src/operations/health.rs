//! Whether this node should get requests, and if not, why.

use std::{collections::BTreeMap, time::Duration};

use projections::checkpoints::Health;
use serde::Serialize;

use super::{
    drain::Drain,
    sample::{DiskSample, Limits, Sample, ViewSample},
};

/// What was found longer ago says nothing any more.
const FRESH: Duration = Duration::from_secs(10);

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    /// Whether requests should be sent here.
    pub(super) ready: bool,
    /// What was looked at.
    pub(super) checks: BTreeMap<&'static str, Check>,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// Whether it is as it must be.
    pub(super) ok: bool,
    /// What was found.
    pub(super) detail: String,
}

impl Check {
    fn new(ok: bool, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { ok, detail }
    }
}

impl Readiness {
    pub(super) fn of(sample: Option<&Sample>, drain: &Drain, limits: &Limits) -> Self {
        let mut checks = BTreeMap::from([("serving", serving(drain))]);
        match sample {
            None => {
                checks.insert("database", Check::new(false, "not looked at yet"));
            }
            Some(sample) if sample.at.elapsed() > FRESH => {
                checks.insert("database", Check::new(false, "not looked at for ten seconds"));
            }
            Some(sample) => checks.extend(found(sample, limits)),
        }
        Self {
            ready: checks.values().all(|check| check.ok),
            checks,
        }
    }
}

fn serving(drain: &Drain) -> Check {
    if drain.is_announced() {
        Check::new(
            false,
            "stopping: what is under way is finished, nothing new should come",
        )
    } else {
        Check::new(true, "taking requests")
    }
}

fn found(sample: &Sample, limits: &Limits) -> Vec<(&'static str, Check)> {
    let mut checks = Vec::with_capacity(4);
    match &sample.database {
        Err(error) => checks.push(("database", Check::new(false, error.as_str()))),
        Ok(database) => {
            checks.push(("database", Check::new(true, format!("at position {}", database.head.0))));
            let missing = &database.missing_migrations;
            let migrations = match missing.as_slice() {
                [] => Check::new(true, "all applied"),
                missing => Check::new(false, format!("not applied: {missing:?}; run grantlink migrate")),
            };
            checks.push(("migrations", migrations));
            checks.push(("views", views(&sample.views, limits.lag)));
        }
    }
    if let Some(disk) = &sample.disk {
        checks.push(("disk", space(disk, limits.free_bytes)));
    }
    checks
}

/// A view that stands still because of a newer node's events is that node's to keep, and rows that stand still are said and no
/// reason to send nobody any more.
fn views(views: &[ViewSample], longest: Duration) -> Check {
    let late = |view: &&ViewSample| view.behind > longest && !matches!(view.health, Health::StoodDown(_));
    let told: Vec<String> = views.iter().map(in_words).collect();
    Check::new(!views.iter().any(|view| late(&view)), told.join("; "))
}

fn in_words(view: &ViewSample) -> String {
    let distance = match view.behind_events {
        0 => format!("{} is up to date", view.name),
        events => format!(
            "{} is {events} events and {} s behind",
            view.name,
            view.behind.as_secs()
        ),
    };
    match view.parked {
        0 => distance,
        parked => format!("{distance}, {parked} of its rows stand still"),
    }
}

fn space(disk: &DiskSample, needed: u64) -> Check {
    match &disk.free_bytes {
        Ok(free) => Check::new(*free >= needed, format!("{} MB free", free / 1_000_000)),
        Err(error) => Check::new(false, format!("cannot be looked at: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use domain::log::Position;
    use tokio::time::Instant;

    use super::*;
    use crate::operations::DatabaseSample;

    const LIMITS: Limits = Limits {
        lag: Duration::from_mins(1),
        free_bytes: 1_000,
    };

    fn healthy() -> Sample {
        let database = DatabaseSample {
            head: Position(7),
            missing_migrations: vec![],
            jobs: application::ports::jobs::JobFigures::default(),
            jobs_late: Duration::ZERO,
            refreshes: application::ports::refreshes::RefreshFigures::default(),
            mails: application::ports::jobs::Waiting::default(),
            mails_late: Duration::ZERO,
        };
        let view = ViewSample {
            name: "link",
            version: 1,
            position: Position(7),
            behind_events: 0,
            behind: Duration::ZERO,
            parked: 0,
            first_parked: vec![],
            health: Health::Following,
        };
        Sample {
            at: Instant::now(),
            database: Ok(database),
            views: vec![view],
            renewals: vec![],
            disk: Some(DiskSample {
                folder: "data".into(),
                free_bytes: Ok(5_000),
            }),
        }
    }

    /// The names of the checks that fail.
    fn failing(sample: Option<&Sample>, drain: &Drain) -> Vec<&'static str> {
        let readiness = Readiness::of(sample, drain, &LIMITS);
        let failing: Vec<_> = readiness.checks.iter().filter(|(_, check)| !check.ok).collect();
        assert_eq!(readiness.ready, failing.is_empty());
        failing.into_iter().map(|(name, _)| *name).collect()
    }

    /// API-9. Mutant: without the drain among the checks, the last line fails.
    #[tokio::test]
    async fn readiness_names_what_is_wrong() {
        let drain = Drain::default();
        assert_eq!(failing(None, &drain), ["database"]);
        assert_eq!(failing(Some(&healthy()), &drain), [""; 0]);

        let mut away = healthy();
        (away.database, away.views) = (Err("it did not answer in time".into()), vec![]);
        assert_eq!(failing(Some(&away), &drain), ["database"]);

        let mut old = healthy();
        old.database.as_mut().unwrap().missing_migrations = vec![4];
        (old.views[0].behind_events, old.views[0].behind) = (9, Duration::from_secs(61));
        old.disk.as_mut().unwrap().free_bytes = Ok(999);
        assert_eq!(failing(Some(&old), &drain), ["disk", "migrations", "views"]);

        drain.announce();
        assert_eq!(failing(Some(&healthy()), &drain), ["serving"]);
    }

    /// ES-8: one bad event, or a newer node that goes on, takes nobody out of service.
    #[tokio::test]
    async fn rows_that_stand_still_and_a_newer_nodes_view_leave_the_node_ready() {
        let mut sample = healthy();
        let view = &mut sample.views[0];
        (view.behind_events, view.behind, view.parked) = (9, Duration::from_hours(1), 3);
        view.health = Health::StoodDown("an event of version 2".into());
        assert_eq!(failing(Some(&sample), &Drain::default()), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_found_long_ago_says_nothing() {
        let sample = healthy();
        tokio::time::advance(FRESH + Duration::from_secs(1)).await;
        assert_eq!(failing(Some(&sample), &Drain::default()), ["database"]);
    }
}
