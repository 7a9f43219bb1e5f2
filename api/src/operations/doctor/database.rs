//! What the installation stands on: the database, its views, the disk and the clock.

use std::{path::Path, sync::Arc, time::Duration};

use adapters::{
    clock::SystemClock,
    sql::{Probe, ServerSettings},
};
use application::ports::clock::Clock;
use chrono::TimeDelta;
use projections::checkpoints::Checkpoints;
use tokio::time::timeout;

use super::{Finding, own_apps};
use crate::{
    config::Config,
    installation::{folder, probe, views},
    operations::{DatabaseSample, Sample, Sampler, ViewSample},
};

const DATABASE: &str = "database";
const MIGRATE: &str = "Run: grantlink migrate";
const LONGEST: Duration = Duration::from_secs(10);
/// Clocks that are further apart make times in the log and on links contradict each other.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);
/// A view that is so far behind is no longer just busy.
const LATE: Duration = Duration::from_mins(1);

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings: Vec<Finding> = folder(config).iter().map(|folder| file_system(folder)).collect();
    let looked = timeout(LONGEST, look(config)).await;
    findings.extend(looked.unwrap_or_else(|_| vec![away("it did not answer in ten seconds".to_owned())]));
    findings
}

fn away(found: String) -> Finding {
    let advice = "See that the server runs, and that database.url names it, its user and its password.";
    Finding::wrong(DATABASE, found, advice)
}

async fn look(config: &Config) -> Vec<Finding> {
    match probe(config).await {
        Err(error) => vec![away(error.to_string())],
        Ok(None) => vec![Finding::wrong(DATABASE, "there is none yet", MIGRATE)],
        Ok(Some(probe)) => {
            let findings = through(config, &probe).await;
            probe.close().await;
            findings
        }
    }
}

async fn through(config: &Config, probe: &Probe) -> Vec<Finding> {
    let settings = match probe.settings().await {
        Ok(settings) => settings,
        Err(error) => return vec![away(error.to_string())],
    };
    let mut findings = settings.as_ref().map(server).unwrap_or_default();
    match probe.missing_migrations().await {
        Err(_) => findings.push(Finding::wrong(DATABASE, "it was not prepared yet", MIGRATE)),
        Ok(missing) if !missing.is_empty() => {
            let found = format!("it lacks the migrations {missing:?}");
            findings.push(Finding::wrong(DATABASE, found, MIGRATE));
        }
        Ok(_) => {
            findings.extend(contents(config, probe).await);
            findings.extend(own_apps::examine(config).await);
        }
    }
    findings
}

/// How a PostgreSQL server keeps what it acknowledges, and whether it has our time.
fn server(settings: &ServerSettings) -> Vec<Finding> {
    const ABOUT: &str = "PostgreSQL";
    let mut findings = Vec::new();
    for (name, value) in [
        ("fsync", &settings.fsync),
        ("full_page_writes", &settings.full_page_writes),
    ] {
        if value != "on" {
            let advice =
                format!("Set {name} = on in postgresql.conf and reload: a power cut can destroy the database.");
            findings.push(Finding::wrong(ABOUT, format!("{name} is {value}"), advice));
        }
    }
    if settings.synchronous_commit == "off" {
        let advice =
            "Set synchronous_commit = on, for this database and user too: a crash loses what was acknowledged.";
        findings.push(Finding::wrong(ABOUT, "synchronous_commit is off", advice));
    }
    if settings.encoding != "UTF8" {
        let advice =
            "Make a database with ENCODING 'UTF8', and move there: names in other scripts cannot be stored here.";
        findings.push(Finding::wrong(
            ABOUT,
            format!("its encoding is {}", settings.encoding),
            advice,
        ));
    }
    let apart = (SystemClock.now() - settings.now).abs();
    if apart > CLOCKS_APART {
        let found = format!("its clock and this machine's are {} s apart", apart.num_seconds());
        let advice = "Let both follow a time server: links would end too early or too late.";
        findings.push(Finding::warning("clock", found, advice));
    }
    if findings.is_empty() {
        findings.push(Finding::well(ABOUT, "it keeps what it acknowledges, and has our time"));
    }
    findings
}

async fn contents(config: &Config, probe: &Probe) -> Vec<Finding> {
    let store = match views(config).await {
        Ok(store) => Arc::new(store),
        Err(error) => return vec![away(format!("the views cannot be opened: {error}"))],
    };
    let failing = match probe.failing_mail().await {
        Ok(failing) => failing.into_iter().map(|(agency, at)| super::mail::failing(agency, at)),
        Err(error) => return vec![away(error.to_string())],
    };
    let sampler = Sampler {
        probe: probe.clone(),
        checkpoints: Checkpoints::new(store.clone()),
        store,
        clock: Arc::new(SystemClock),
        renewals: Arc::default(),
        folder: folder(config),
    };
    let mut findings = found(&sampler.look().await, config.operations.ready_free_mb);
    findings.extend(failing);
    findings
}

fn found(sample: &Sample, needed_mb: u64) -> Vec<Finding> {
    let mut findings = match &sample.database {
        Ok(database) => vec![Finding::well(
            DATABASE,
            format!("it has this version's schema and {} events", database.head.0),
        )],
        Err(error) => vec![away(error.clone())],
    };
    findings.extend(sample.database.iter().filter_map(jobs));
    findings.extend(sample.database.iter().filter_map(parked));
    findings.extend(sample.database.iter().flat_map(super::credentials::examine));
    findings.extend(sample.views.iter().map(view));
    if let Some(disk) = &sample.disk {
        findings.push(match &disk.free_bytes {
            Ok(free) if free / 1_000_000 < needed_mb => Finding::wrong(
                "disk",
                format!("{} MB are free in {}", free / 1_000_000, disk.folder.display()),
                format!("Make room: below {needed_mb} MB (operations.ready_free_mb) the server is not ready."),
            ),
            Ok(free) => Finding::well("disk", format!("{} MB are free", free / 1_000_000)),
            Err(error) => Finding::warning(
                "disk",
                error.clone(),
                "See that the folder is there, and its file system.",
            ),
        });
    }
    findings
}

/// What the server has given up, or does not get to.
fn jobs(database: &DatabaseSample) -> Option<Finding> {
    let (jobs, late) = (&database.jobs, database.jobs_late);
    if jobs.dead > 0 {
        let found = format!("{} were given up", jobs.dead);
        let advice = "See why with: grantlink jobs --dead. Then run: grantlink jobs retry --all-dead";
        return Some(Finding::warning("jobs", found, advice));
    }
    (late > LATE).then(|| {
        let found = format!("one waits since {} s", late.as_secs());
        let advice = "Start the server, which does them; if it runs, its log says what holds it up.";
        Finding::warning("jobs", found, advice)
    })
}

/// What the server went on without.
fn parked(database: &DatabaseSample) -> Option<Finding> {
    let parked = database.jobs.parked;
    (parked > 0).then(|| {
        let found = format!("{parked} events could not be read, so that no jobs were made of them");
        let advice = "See which and why with: grantlink jobs --parked. If `grantlink verify log` finds the log damaged, put a \
                      backup back; else update. Then run: grantlink jobs retry --parked";
        Finding::warning("jobs", found, advice)
    })
}

fn view(view: &ViewSample) -> Finding {
    let name = view.name;
    if view.parked > 0 {
        let found = format!(
            "{} rows of {name} stand still behind an event that could not be folded",
            view.parked
        );
        let advice = format!("Update to a version that can fold it, then run: grantlink rebuild {name}");
        return Finding::warning("view", found, advice);
    }
    if view.behind > LATE {
        let found = format!(
            "{name} is {} events and {} s behind",
            view.behind_events,
            view.behind.as_secs()
        );
        let advice = "Start the server, which keeps views up to date; if it runs, its log says what holds it up.";
        return Finding::warning("view", found, advice);
    }
    Finding::well("view", format!("{name} is up to date"))
}

/// `SQLite` needs locks that network file systems do not keep.
fn file_system(folder: &Path) -> Finding {
    const ABOUT: &str = "file system";
    match network(folder) {
        Some(kind) => Finding::wrong(
            ABOUT,
            format!("{} is on {kind}", folder.display()),
            "Move the folder to a disk of this machine, or use PostgreSQL: over a network SQLite's file can break.",
        ),
        None => Finding::well(
            ABOUT,
            format!("{} is not on a network file system that we know", folder.display()),
        ),
    }
}

#[cfg(target_os = "linux")]
fn network(folder: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(folder).ok()?;
    match u64::try_from(found.f_type).ok()? & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x0102_1997 => Some("9P"),
        0x00c3_6400 => Some("Ceph"),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn network(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::doctor::Verdict;

    fn settings() -> ServerSettings {
        ServerSettings {
            fsync: "on".into(),
            full_page_writes: "on".into(),
            synchronous_commit: "on".into(),
            encoding: "UTF8".into(),
            now: SystemClock.now(),
        }
    }

    /// Mutant seen: without the look at `fsync`, its line fails.
    #[test]
    fn a_server_that_loses_commits_is_called_wrong() {
        assert_eq!(server(&settings())[0].verdict, Verdict::Well);
        let mut careless = settings();
        careless.fsync = "off".into();
        assert_eq!(server(&careless)[0].verdict, Verdict::Wrong);
        let mut late = settings();
        late.now -= TimeDelta::minutes(1);
        (late.synchronous_commit, late.encoding) = ("off".into(), "SQL_ASCII".into());
        let verdicts: Vec<Verdict> = server(&late).iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Wrong, Verdict::Wrong, Verdict::Warning]);
    }
}
