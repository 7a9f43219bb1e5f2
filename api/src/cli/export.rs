//! `grantlink export`.

use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use adapters::archive::{ArchiveError, Asked, Exported, export};
use anyhow::Context;
use clap::Args;
use domain::log::Position;

use crate::{config::Config, installation::Installation};

/// Writes the log as lines of JSON.
#[derive(Args)]
pub(super) struct Export {
    /// The file to write, for this user alone; one that is there is never overwritten. Standard output when not given.
    file: Option<PathBuf>,
    /// The first position.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// The last position; the end of the log when not given.
    #[arg(long)]
    to: Option<u64>,
    /// Takes along what is sealed beside the log, as it is sealed: for a move to another database. The keyring opens it there.
    #[arg(long)]
    with_vault: bool,
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        if let Some(to) = self.to.filter(|to| *to < self.from) {
            anyhow::bail!("--from {} is behind --to {to}", self.from);
        }
        let installation = Installation::open(config).await?;
        let outcome = self.write(&installation).await;
        installation.close().await;
        let Exported { events, rows, to } = outcome?;
        eprintln!(
            "Exported {events} events, up to position {}, and {rows} rows beside the log.",
            to.0
        );
        Ok(())
    }

    async fn write(&self, installation: &Installation) -> anyhow::Result<Exported> {
        let Some(path) = &self.file else {
            return Ok(self.write_to(installation, &mut std::io::stdout()).await?);
        };
        let shown = path.display();
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("the file {shown} cannot be made"))?;
        let written = self.write_and_sync(installation, file).await;
        if written.is_err() {
            let _ = std::fs::remove_file(path); // half an export is none
        }
        written.with_context(|| format!("the file {shown}"))
    }

    async fn write_and_sync(&self, installation: &Installation, file: File) -> Result<Exported, ArchiveError> {
        let mut out = BufWriter::new(file);
        let exported = self.write_to(installation, &mut out).await?;
        out.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()?;
        Ok(exported)
    }

    async fn write_to(
        &self,
        installation: &Installation,
        out: &mut (dyn Write + Send),
    ) -> Result<Exported, ArchiveError> {
        let asked = Asked {
            from: Position(self.from),
            to: self.to.map(Position),
            with_vault: self.with_vault,
        };
        let (stores, id) = (installation.stores(), installation.app.installation);
        export(stores, id, asked, out, &told).await
    }
}

/// Progress, for whoever watches.
pub(super) fn told(at: u64, head: u64) {
    if at.is_multiple_of(100_000) && at > 0 && std::io::stderr().is_terminal() {
        eprintln!("{at} of {head} events");
    }
}

/// A file that is named, or standard input for `-`.
pub(super) fn source(path: &Path) -> anyhow::Result<Box<dyn std::io::BufRead + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::BufReader::new(std::io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("the file {} cannot be read", path.display()))?;
    Ok(Box::new(std::io::BufReader::new(file)))
}
