//! `grantlink jobs`.

use anyhow::{bail, ensure};
use application::{
    App,
    jobs::{parked, show_parked},
    ports::jobs::{Job, JobFilter, JobState, ParkedEvent},
};
use clap::{Args, Subcommand};
use domain::ids::JobId;
use serde_json::json;

use crate::{agency_api, config::Config, installation::Installation};

/// So many are read at once.
const PAGE: u32 = 500;

/// Shows what the server does by itself.
#[derive(Args)]
pub(super) struct ShowJobs {
    /// Only those that were given up.
    #[arg(long, conflicts_with = "parked")]
    dead: bool,
    /// Events that could not be read, so that no jobs were made of them.
    #[arg(long)]
    parked: bool,
    /// One JSON object a job or event, a line each.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<JobsCommand>,
}

#[derive(Subcommand)]
enum JobsCommand {
    /// Begins jobs again that were given up, or makes the jobs of events that can be read at last.
    Retry {
        /// The job.
        #[arg(required_unless_present_any = ["all_dead", "parked"])]
        id: Option<JobId>,
        /// All that were given up.
        #[arg(long, conflicts_with_all = ["id", "parked"])]
        all_dead: bool,
        /// The events that could not be read, once that is mended.
        #[arg(long, conflicts_with = "id")]
        parked: bool,
    },
    /// Deletes a job that was given up.
    Drop {
        /// The job.
        id: JobId,
    },
}

impl ShowJobs {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let app = &installation.app;
        let outcome = match self.command {
            None if self.parked => show_events(app, self.json).await,
            None => show(app, self.dead, self.json).await,
            Some(JobsCommand::Retry { id: Some(id), .. }) => retry(app, id).await,
            Some(JobsCommand::Retry { parked: true, .. }) => retry_events(&installation).await,
            Some(JobsCommand::Retry { id: None, .. }) => retry_all(app).await,
            Some(JobsCommand::Drop { id }) => drop_one(app, id).await,
        };
        installation.close().await;
        outcome
    }
}

/// The newest first; those that were given up all of them, the others the newest ones.
async fn show(app: &App, dead: bool, json: bool) -> anyhow::Result<()> {
    let state = dead.then_some(JobState::Dead);
    let figures = app.jobs.figures(app.clock.now()).await?;
    let jobs = found(app, state).await?;
    if !json {
        println!(
            "{} queued, {} running, {} dead, {} events parked",
            figures.queued, figures.running, figures.dead, figures.parked
        );
    }
    for job in jobs {
        if json {
            println!("{}", agency_api::job_as_json(job));
        } else {
            println!("{}", told(&job));
        }
    }
    Ok(())
}

fn told(job: &Job) -> String {
    let Job { id, kind, state, .. } = job;
    let about: Vec<_> = job.payload.iter().map(|(name, id)| format!("{name} {id}")).collect();
    let words = job.reason.as_ref().or(job.result.as_ref()).or(job.progress.as_ref());
    let words = words.map(|words| format!(": {words}")).unwrap_or_default();
    let (due, attempt) = (job.run_at.format("%Y-%m-%d %H:%M:%S"), job.attempt);
    format!(
        "{id} {kind} {state}, due {due}, begun {attempt} times {}{words}",
        about.join(" ")
    )
}

async fn found(app: &App, state: Option<JobState>) -> anyhow::Result<Vec<Job>> {
    let mut filter = JobFilter {
        state,
        ..JobFilter::default()
    };
    let mut all = vec![];
    loop {
        let page = app.jobs.list(&filter, PAGE).await?;
        let is_last = page.len() < PAGE as usize || state.is_none();
        filter.before = page.last().map(|job| (job.created_at, job.id));
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

async fn show_events(app: &App, json: bool) -> anyhow::Result<()> {
    for parked in parked(app).await? {
        if json {
            let ParkedEvent { policy, event, .. } = &parked;
            let (position, since) = (event.position.0, parked.parked_at);
            let told = json!({"policy": policy, "position": position, "reason": event.reason, "parked_at": since});
            println!("{told}");
        } else {
            println!("{}", event_told(&parked));
        }
    }
    Ok(())
}

fn event_told(parked: &ParkedEvent) -> String {
    let since = parked.parked_at.format("%Y-%m-%d %H:%M:%S");
    let (policy, position, reason) = (&parked.policy, parked.event.position.0, &parked.event.reason);
    format!("position {position}, which {policy} went on without since {since}: {reason}")
}

async fn retry_events(installation: &Installation) -> anyhow::Result<()> {
    let shown = show_parked(&installation.app, &installation.duties).await?;
    println!("{} events were read, and made {} jobs.", shown.read, shown.jobs);
    for left in &shown.left {
        println!("  {}", event_told(left));
    }
    ensure!(shown.left.is_empty(), "{} events cannot be read yet", shown.left.len());
    Ok(())
}

async fn retry(app: &App, id: JobId) -> anyhow::Result<()> {
    ensure!(app.jobs.retry(id, app.clock.now()).await?, wrong(app, id).await?);
    println!("The job is begun again at once, if a server runs.");
    Ok(())
}

async fn retry_all(app: &App) -> anyhow::Result<()> {
    let mut retried = 0;
    for job in found(app, Some(JobState::Dead)).await? {
        retried += u32::from(app.jobs.retry(job.id, app.clock.now()).await?);
    }
    println!("{retried} jobs are begun again at once, if a server runs.");
    Ok(())
}

async fn drop_one(app: &App, id: JobId) -> anyhow::Result<()> {
    if !app.jobs.delete(id).await? {
        bail!(wrong(app, id).await?);
    }
    println!("The job is gone: what it was to do will not be done.");
    Ok(())
}

async fn wrong(app: &App, id: JobId) -> anyhow::Result<String> {
    Ok(match app.jobs.get(id).await? {
        None => "there is no such job".to_owned(),
        Some(job) => format!("the job was not given up: it is {}", job.state),
    })
}
