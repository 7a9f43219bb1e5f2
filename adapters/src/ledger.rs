//! The ledger of erasures: a file of lines that is only ever appended to, kept apart from the database.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use application::ports::{
    StoreError,
    erasure::{Ledger, LedgerEntry},
};
use async_trait::async_trait;
use tokio::sync::Mutex;

const OWNER_ONLY: u32 = 0o600;

/// A ledger in a file. Each line is written in one piece, and is on the disk when it counts as noted.
pub struct FileLedger {
    path: Option<PathBuf>,
    turn: Arc<Mutex<()>>,
}

impl FileLedger {
    /// A ledger at a path; the file is made with its first line. Without a path nothing can be noted, and so nobody erased.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            turn: Arc::default(),
        }
    }
}

#[async_trait]
impl Ledger for FileLedger {
    async fn note(&self, entry: &LedgerEntry) -> Result<(), StoreError> {
        let path = self.path.clone().ok_or_else(|| {
            StoreError::Unavailable("there is no ledger of erasures: set erasure.ledger to a file".to_owned())
        })?;
        let line = serde_json::to_string(entry).map_err(|_| StoreError::Broken("a line of the ledger".to_owned()))?;
        let turn = Arc::clone(&self.turn).lock_owned().await;
        on_disk(move || {
            let _turn = turn;
            append(&path, &line)
        })
        .await
    }

    async fn entries(&self) -> Result<Vec<LedgerEntry>, StoreError> {
        let Some(path) = self.path.clone() else {
            return Ok(vec![]);
        };
        let text = on_disk(move || match std::fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            read => read,
        })
        .await?;
        parsed(&text)
    }
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| StoreError::Unavailable("the ledger of erasures: stopped".to_owned()))?;
    done.map_err(|error| StoreError::Unavailable(format!("the ledger of erasures: {error}")))
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    let mut file = options
        .create(true)
        .read(true)
        .append(true)
        .mode(OWNER_ONLY)
        .open(path)?;
    let start = if ends_within_a_line(&mut file)? { "\n" } else { "" };
    file.write_all(format!("{start}{line}\n").as_bytes())?;
    file.sync_all()?;
    if is_new {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?; // whatever the umask made of it
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?; // a synced file without its name would still be lost
    }
    Ok(())
}

/// Whether a crash left half a line at the end.
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// The lines. Half a line, which a crash leaves behind, was never noted; anything else that cannot be read is damage, and nobody
/// may go on as if it were not there.
fn parsed(text: &str) -> Result<Vec<LedgerEntry>, StoreError> {
    let mut entries = vec![];
    for (number, line) in text.lines().enumerate() {
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            Err(error) if error.is_eof() => {}
            Err(_) => {
                let number = number + 1;
                return Err(StoreError::Broken(format!(
                    "the ledger of erasures cannot be read: line {number}"
                )));
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use application::ports::erasure::Step;
    use domain::{
        ids::{AgencyId, CustomerId},
        personal::Subject,
    };
    use uuid::Uuid;

    use super::*;

    fn entry(number: u128, step: Step) -> LedgerEntry {
        LedgerEntry {
            subject: Subject::Customer(CustomerId(Uuid::from_u128(number))),
            agency: AgencyId(Uuid::from_u128(7)),
            step,
            at: "2026-11-22T04:00:00Z".parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn what_was_noted_is_read_back_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures.ndjson");
        let ledger = FileLedger::new(Some(path.clone()));
        assert_eq!(ledger.entries().await.unwrap(), []);
        let lines = [entry(1, Step::Begun), entry(2, Step::Begun), entry(1, Step::Done)];
        for line in &lines {
            ledger.note(line).await.unwrap();
        }
        assert_eq!(ledger.entries().await.unwrap(), lines);
        assert_eq!(
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
            OWNER_ONLY
        );
    }

    /// Mutant: when the next line is written right behind half a line, both are lost, and this fails.
    #[tokio::test]
    async fn half_a_line_costs_nothing_and_damage_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures.ndjson");
        let ledger = FileLedger::new(Some(path.clone()));
        ledger.note(&entry(1, Step::Begun)).await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..whole.len() - 1 {
            std::fs::write(&path, [whole.as_slice(), &whole[..cut]].concat()).unwrap();
            ledger.note(&entry(2, Step::Done)).await.unwrap();
            let read = ledger.entries().await.unwrap();
            assert_eq!(read, [entry(1, Step::Begun), entry(2, Step::Done)], "{cut}");
        }
        std::fs::write(&path, "no line\n").unwrap();
        assert!(matches!(ledger.entries().await, Err(StoreError::Broken(_))));
    }

    #[tokio::test]
    async fn without_a_ledger_nothing_is_noted() {
        let ledger = FileLedger::new(None);
        assert!(ledger.note(&entry(1, Step::Begun)).await.is_err());
        assert_eq!(ledger.entries().await.unwrap(), []);
    }
}
