//! `grantlink rebuild`.

use anyhow::bail;
use clap::Args;
use projections::{
    VIEWS,
    rebuild::{RebuildProgress, rebuild_named},
    runner::Sources,
};

use crate::{config::Config, installation::Installation};

/// Folds a view anew.
#[derive(Args)]
pub(super) struct Rebuild {
    /// The view; all of them when not given.
    view: Option<String>,
}

impl Rebuild {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let outcome = self.rebuild(&installation.sources).await;
        installation.close().await;
        outcome
    }

    async fn rebuild(&self, sources: &Sources) -> anyhow::Result<()> {
        let known: Vec<&str> = VIEWS.iter().map(|view| view.name).collect();
        let asked = match &self.view {
            None => known,
            Some(view) if known.contains(&view.as_str()) => vec![view.as_str()],
            Some(view) => bail!("there is no view {view}; there are: {}", known.join(", ")),
        };
        for view in asked {
            let told = |progress: RebuildProgress| eprintln!("{view}: {} of {}", progress.position.0, progress.head.0);
            let reached = rebuild_named(view, sources, told).await?;
            println!("{view} is rebuilt up to position {}.", reached.0);
        }
        Ok(())
    }
}
