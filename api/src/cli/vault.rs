//! `grantlink vault`.

use std::{collections::BTreeMap, path::Path, time::Duration};

use adapters::{sql::Rewrapped, vault::Keyring};
use anyhow::{Context, ensure};
use clap::Subcommand;

use crate::{
    config::Config,
    installation::{Installation, keyring_of},
};

/// Servers look at their keyring every second: after this pause each of them goes on with what it says.
const UNTIL_SERVERS_KNOW: Duration = Duration::from_secs(3);
/// So often everything is looked at again because somebody wrote meanwhile.
const MOST_LOOKS: usize = 20;

/// What can be done with the vault's keys.
#[derive(Subcommand)]
pub(super) enum Vault {
    /// Shows the keyring's keys, and how many records stand under each.
    Keys,
    /// Makes a new key, seals under it from now on, and brings every record under it while servers go on. Stopped, it goes on where
    /// it was when it is called again.
    Rotate,
    /// Adds a key that only opens: the first step where several nodes have copies of the keyring.
    AddKey,
    /// Seals under another key of the keyring from now on.
    Activate {
        /// The key's id.
        key: String,
    },
    /// Takes a key out of the keyring, for good. Refused while a record stands under it.
    Retire {
        /// The key's id.
        key: String,
    },
}

impl Vault {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        match self {
            Self::AddKey => add_key(file_of(config)?),
            Self::Activate { key } => activate(file_of(config)?, &key),
            Self::Keys => with(config, async |installation| keys(installation, config).await).await,
            Self::Rotate => with(config, async |installation| rotate(installation, config).await).await,
            Self::Retire { key } => {
                let file = file_of(config)?;
                with(config, async |installation| retire(installation, file, &key).await).await
            }
        }
    }
}

fn file_of(config: &Config) -> anyhow::Result<&Path> {
    let file = config.keys.file.as_deref().filter(|_| config.keys.text.is_none());
    file.context("the keyring is not in a file: change keys.text yourself, as the guide says under \"A new key\"")
}

async fn with(config: &Config, work: impl AsyncFnOnce(&Installation) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let installation = Installation::open(config).await?;
    let outcome = work(&installation).await;
    installation.close().await;
    outcome
}

fn add_key(file: &Path) -> anyhow::Result<()> {
    let (keyring, id) = Keyring::load(file)?.with_new_key();
    keyring.replace_file(file)?;
    println!("Added {id}. Give every node this keyring, then: grantlink vault activate {id}");
    Ok(())
}

fn activate(file: &Path, id: &str) -> anyhow::Result<()> {
    Keyring::load(file)?.with_active(id)?.replace_file(file)?;
    println!("From now on {id} seals. Give every node this keyring, then: grantlink vault rotate");
    Ok(())
}

async fn keys(installation: &Installation, config: &Config) -> anyhow::Result<()> {
    let keyring = keyring_of(&config.keys)?;
    let counts = installation.stores().records_by_key().await?;
    println!(
        "{}\tactive\t{} records",
        keyring.active_id(),
        under(&counts, keyring.active_id())
    );
    for id in keyring.other_ids() {
        println!("{id}\topens\t{} records", under(&counts, id));
    }
    let known = |id: &str| id == keyring.active_id() || keyring.other_ids().any(|other| other == id);
    for (id, count) in counts.iter().filter(|(id, _)| !known(id)) {
        println!("{id}\tGONE\t{count} records that nobody can open");
    }
    Ok(())
}

async fn rotate(installation: &Installation, config: &Config) -> anyhow::Result<()> {
    let mut keyring = keyring_of(&config.keys)?;
    let counts = installation.stores().records_by_key().await?;
    let is_unfinished = counts.keys().any(|id| id != keyring.active_id());
    if is_unfinished {
        println!(
            "Not every record is under {} yet: going on with it.",
            keyring.active_id()
        );
    } else {
        let file = file_of(config)?;
        let (added, id) = keyring.with_new_key();
        added.replace_file(file)?;
        println!("Made {id}. Keep a copy of {} in a safe place.", file.display());
        tokio::time::sleep(UNTIL_SERVERS_KNOW).await; // each must be able to open what the first one seals
        keyring = added.with_active(&id)?;
        keyring.replace_file(file)?;
    }
    let active = keyring.active_id().to_owned();
    installation.cipher.go_on_with(keyring)?;
    tokio::time::sleep(UNTIL_SERVERS_KNOW).await; // nobody tells when the last one has looked
    rewrap(installation, &active).await
}

async fn rewrap(installation: &Installation, active: &str) -> anyhow::Result<()> {
    let mut all = 0;
    for _ in 0..MOST_LOOKS {
        let done = installation.stores().rewrap(&installation.cipher).await?;
        all += done.changed;
        if done.changed == 0 && done.missed == 0 {
            println!("{all} records were brought under {active}, out of {}.", done.seen);
            complain(&done)?;
            println!(
                "The other keys can go: grantlink vault keys shows them, grantlink vault retire <key> takes one out."
            );
            return Ok(());
        }
    }
    anyhow::bail!("a server still seals under another key: give every node the keyring, then call this again")
}

fn complain(done: &Rewrapped) -> anyhow::Result<()> {
    for refused in &done.refused {
        eprintln!(
            "A {} of tenant {} does not open: {}",
            refused.kind, refused.tenant, refused.reason
        );
    }
    let count = done.refused.len();
    ensure!(
        count == 0,
        "{count} records were moved or altered, or their key is gone; they stay as they are"
    );
    Ok(())
}

async fn retire(installation: &Installation, file: &Path, id: &str) -> anyhow::Result<()> {
    let keyring = Keyring::load(file)?.without(id)?;
    let standing = under(&installation.stores().records_by_key().await?, id);
    ensure!(
        standing == 0,
        "{standing} records stand under {id}: bring them under the active key first, with grantlink vault rotate"
    );
    keyring.replace_file(file)?;
    println!("{id} is gone. What backups hold under it opens only with a copy of the keyring from before.");
    Ok(())
}

fn under(counts: &BTreeMap<String, u64>, id: &str) -> u64 {
    counts.get(id).copied().unwrap_or_default()
}
