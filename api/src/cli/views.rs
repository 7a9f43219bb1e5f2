//! `grantlink views`.

use anyhow::Context;
use clap::{Args, Subcommand};
use projections::{VIEWS, progress, retry::retry_named, survey::survey};
use serde_json::json;

use crate::{config::Config, installation::Installation};

/// Shows the views.
#[derive(Args)]
pub(super) struct ShowViews {
    /// One JSON object a view, a line each.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<ViewsCommand>,
}

#[derive(Subcommand)]
enum ViewsCommand {
    /// Replays what stands still in a view, once its cause is mended.
    Retry {
        /// The view.
        view: String,
    },
}

impl ShowViews {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let outcome = match &self.command {
            None => show(&installation, self.json).await,
            Some(ViewsCommand::Retry { view }) => retry(&installation, view).await,
        };
        installation.close().await;
        outcome
    }
}

/// Version, position, lag, rows and checksum of each view, and what stands still in it.
async fn show(installation: &Installation, json: bool) -> anyhow::Result<()> {
    let Installation { app, sources, .. } = installation;
    let (store, log) = (sources.store.as_ref(), sources.log.as_ref());
    for view in VIEWS {
        let looked = survey(store, view).await?;
        let all = progress(store, log, app.clock.now()).await?;
        let progress = all.iter().find(|progress| progress.view == view.name);
        let progress = progress.context("a view has no progress")?;
        let (version, position) = (view.version, looked.checkpoint.position.0);
        let (events, seconds) = (progress.lag_events, progress.lag_seconds);
        let (rows, checksum) = (looked.sum.rows, &looked.sum.checksum);
        if json {
            let parked = looked.parked.iter();
            let parked = parked.map(|at| json!({"key": at.key, "position": at.position.0, "reason": at.reason}));
            let parked: Vec<_> = parked.collect();
            let told = json!({
                "view": view.name, "version": version, "position": position, "lag_events": events,
                "lag_seconds": seconds, "rows": rows, "checksum": checksum, "parked": parked,
            });
            println!("{told}");
            continue;
        }
        println!(
            "{} version {version}: position {position}, {events} events ({seconds} s) behind, {rows} rows, checksum {checksum}",
            view.name
        );
        for parked in &looked.parked {
            let at = parked.position.0;
            println!("  stands still since position {at}: {} ({})", parked.key, parked.reason);
        }
    }
    Ok(())
}

async fn retry(installation: &Installation, view: &str) -> anyhow::Result<()> {
    let retried = retry_named(view, &installation.sources).await;
    let known: Vec<_> = VIEWS.iter().map(|view| view.name).collect();
    let retried = retried.with_context(|| format!("there is no view {view}; there are: {}", known.join(", ")))??;
    println!(
        "{view}: {} rows are whole again, {} still stand still.",
        retried.freed.len(),
        retried.parked.len()
    );
    for parked in &retried.parked {
        println!("  {} at position {}: {}", parked.key, parked.position.0, parked.reason);
    }
    Ok(())
}
