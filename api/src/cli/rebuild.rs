//! `grantlink rebuild`.

mod told;

use anyhow::bail;
use clap::Args;
use projections::{
    VIEWS,
    rebuild::{Rebuilt, Wish, rebuild_named},
    runner::Sources,
};

use crate::{config::Config, installation::Installation};
use told::Told;

/// Folds a view anew.
#[derive(Args)]
pub(super) struct Rebuild {
    /// The view; all of them when not given.
    view: Option<String>,
    /// All views.
    #[arg(long, conflicts_with = "view")]
    all: bool,
    /// Only says in what the view differs from the log; ends with code 3 when it does.
    #[arg(long)]
    dry_run: bool,
}

/// A dry run found something, which is no failure, and has a code of its own.
#[derive(Debug, thiserror::Error)]
#[error("nothing was changed; `grantlink rebuild {}` mends it", .0.join("`, `grantlink rebuild "))]
pub(super) struct Differs(Vec<String>);

impl Rebuild {
    /// Of every view, for its comparison alone.
    pub(super) fn of_all_for_comparison() -> Self {
        Self {
            view: None,
            all: true,
            dry_run: true,
        }
    }

    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let asked = self.asked()?;
        let installation = Installation::open(config).await?;
        let outcome = tokio::select! {
            outcome = self.rebuild(&asked, &installation.sources) => outcome,
            Ok(()) = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped; the view is as it was")),
        };
        installation.close().await;
        outcome
    }

    fn asked(&self) -> anyhow::Result<Vec<&'static str>> {
        let known: Vec<&str> = VIEWS.iter().map(|view| view.name).collect();
        let Some(asked) = &self.view else {
            return Ok(known);
        };
        match known.iter().find(|view| *view == asked) {
            Some(view) => Ok(vec![view]),
            None => bail!("there is no view {asked}; there are: {}", known.join(", ")),
        }
    }

    async fn rebuild(&self, asked: &[&str], sources: &Sources) -> anyhow::Result<()> {
        let wish = if self.dry_run { Wish::DryRun } else { Wish::Switch };
        let mut differing = Vec::new();
        for view in asked {
            let told = Told::new(view);
            let rebuilt = rebuild_named(view, sources, wish, |progress| told.progress(progress)).await;
            told.done();
            let rebuilt = rebuilt?;
            println!("{}", summary(view, &rebuilt));
            if rebuilt.comparison.differing > 0 {
                differing.push((*view).to_owned());
            }
        }
        if self.dry_run && !differing.is_empty() {
            return Err(Differs(differing).into());
        }
        Ok(())
    }
}

/// What came of it, for the person at the terminal.
fn summary(view: &str, rebuilt: &Rebuilt) -> String {
    let comparison = &rebuilt.comparison;
    let (position, built) = (comparison.checkpoint.position.0, &comparison.built);
    let mut lines = vec![match comparison.differing {
        0 => format!(
            "{view}: equal to the log at position {position}: {} rows, checksum {}",
            built.rows, built.checksum
        ),
        differing => format!("{view}: {differing} rows differ from the log at position {position}"),
    }];
    lines.extend(comparison.named.iter().map(|difference| format!("  {difference}")));
    let named = comparison.named.len() as u64;
    if comparison.differing > named {
        lines.push(format!("  and {} more", comparison.differing - named));
    }
    if rebuilt.parked > 0 {
        let parked = rebuilt.parked;
        lines.push(format!("{view}: {parked} rows stand still: see `grantlink views`"));
    }
    if rebuilt.switched {
        lines.push(format!("{view} is rebuilt up to position {}.", rebuilt.position.0));
    }
    lines.join("\n")
}
