//! `grantlink import`.

use std::path::PathBuf;

use adapters::archive::{Imported, import};
use anyhow::ensure;
use clap::Args;
use domain::log::Position;
use projections::{VIEWS, store::ViewStore};

use super::export::{source, told};
use crate::{config::Config, installation::Installation};

/// Reads an export into an empty database, of either kind: same positions, same times, same hashes.
#[derive(Args)]
pub(super) struct Import {
    /// The file; - for standard input.
    file: PathBuf,
    /// Takes a file that holds the log alone: to look at, to replay, to rebuild views from. Never serve it: without their keys
    /// customers and connections cannot go on.
    #[arg(long)]
    log_only: bool,
}

impl Import {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let mut source = source(&self.file)?;
        let installation = Installation::open(config).await?;
        let outcome = self.read(&installation, source.as_mut()).await;
        installation.close().await;
        let Imported { events, rows, state } = outcome?;
        println!("Imported {events} events, and {rows} rows beside the log. The log's state:");
        println!("{state}");
        Ok(())
    }

    async fn read(
        &self,
        installation: &Installation,
        source: &mut (dyn std::io::BufRead + Send),
    ) -> anyhow::Result<Imported> {
        let is_empty = installation.app.log.head().await? == Position(0);
        ensure!(is_empty, "the database is not empty: an import needs a new one");
        for view in VIEWS {
            let reached = installation.views.checkpoint(view).await?.position;
            ensure!(
                reached == Position(0),
                "the views are another log's: delete views.db, or take a new database"
            );
        }
        let (stores, id) = (installation.stores(), installation.app.installation);
        Ok(import(stores, id, source, self.log_only, &told).await?)
    }
}
