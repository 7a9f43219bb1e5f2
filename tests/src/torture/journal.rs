//! What clients were told, on disk before they go on.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use tokio::{fs::File, io::AsyncWriteExt, sync::Mutex};

use super::{Order, Outcome};

/// An order and the answer to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// What was asked for.
    pub order: Order,
    /// What was answered.
    pub outcome: Outcome,
}

/// The answers of all clients, synced one by one.
pub struct Journal {
    file: Mutex<File>,
    place: NamedTempFile,
}

impl Journal {
    /// An empty one.
    ///
    /// # Errors
    /// When there is no room for it.
    pub fn new() -> anyhow::Result<Self> {
        let place = NamedTempFile::new()?;
        let file = Mutex::new(File::from_std(place.reopen()?));
        Ok(Self { file, place })
    }

    /// Comes back when the entry is on disk.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn note(&self, entry: &Entry) -> anyhow::Result<()> {
        let line = format!("{}\n", serde_json::to_string(entry)?);
        let mut file = self.file.lock().await;
        file.write_all(line.as_bytes()).await?;
        file.flush().await?;
        Ok(file.sync_data().await?)
    }

    /// All of it, as it stands on disk.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> anyhow::Result<Vec<Entry>> {
        read(self.place.path())
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let text = std::fs::read_to_string(path)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
