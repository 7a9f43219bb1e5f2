//! `grantlink keyring`.

use std::path::PathBuf;

use adapters::{clock::SystemClock, entropy::OsEntropy, vault::Keyring};
use application::ports::clock::{Clock, Entropy};
use clap::Subcommand;
use domain::ids::InstallationId;

/// What can be done with keyrings.
#[derive(Subcommand)]
pub(super) enum KeyringCommand {
    /// Makes a keyring for a new installation. Keep a copy in a safe place: without it nothing that was sealed can be opened.
    Init {
        /// The file to write; one that is there is never overwritten.
        file: PathBuf,
    },
}

impl KeyringCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Self::Init { file } = self;
        anyhow::ensure!(
            !file.exists(),
            "there is a file {} already, and a keyring is never overwritten: what it sealed could not be opened again",
            file.display()
        );
        let installation = InstallationId(OsEntropy.id(SystemClock.now()));
        Keyring::generate(installation).create_file(&file)?;
        println!(
            "Wrote {}. Keep a copy in a safe place, and name it in the configuration:",
            file.display()
        );
        println!("\n[keys]\nfile = {:?}", file.display().to_string());
        Ok(())
    }
}
