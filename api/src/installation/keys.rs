//! Keys come and go while a server runs: it looks at its keyring's file every second.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use adapters::vault::{Keyring, KeyringError, VaultCipher};
use tokio::task::JoinSet;

use crate::config::KeysConfig;

const EVERY: Duration = Duration::from_secs(1);

/// Goes on with the file as it changes, until the set is dropped. A keyring that is no file never changes.
pub(super) fn watch(keys: &KeysConfig, cipher: &Arc<VaultCipher>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if let (Some(file), None) = (&keys.file, &keys.text) {
        tasks.spawn(follow(file.clone(), Arc::clone(cipher)));
    }
    tasks
}

async fn follow(file: PathBuf, cipher: Arc<VaultCipher>) {
    let mut seen = None; // what was read at the start may have changed since
    loop {
        let looks = look(&file);
        if looks.is_some() && looks != seen {
            match taken_over(&file, &cipher) {
                Ok(active) => tracing::info!(active, "the keyring was read"),
                Err(error) => {
                    tracing::error!(%error, "the keyring's file changed and cannot be used: going on without it");
                }
            }
            seen = looks;
        }
        tokio::time::sleep(EVERY).await; // until the next look
    }
}

/// When it was written, and its length: a file that is replaced differs.
fn look(file: &Path) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(file).ok()?;
    Some((found.modified().ok()?, found.len()))
}

fn taken_over(file: &Path, cipher: &VaultCipher) -> Result<String, KeyringError> {
    let keyring = Keyring::load(file)?;
    let active = keyring.active_id().to_owned();
    cipher.go_on_with(keyring)?;
    Ok(active)
}
