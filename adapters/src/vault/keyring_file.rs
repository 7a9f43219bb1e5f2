//! The keyring's file: for the server's own user alone, and never overwritten.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{Error, ErrorKind, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::Path,
};

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::{keyring::Keyring, keyring_error::KeyringError};

const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;

impl Keyring {
    /// Reads a keyring's file.
    ///
    /// # Errors
    /// When it cannot be read, when other users of the machine have any right to it, or when it is not a keyring.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        let unreadable = |source| KeyringError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
        if mode & OTHERS != 0 {
            return Err(KeyringError::Open {
                path: path.to_owned(),
                mode,
            });
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(unreadable)?;
        Self::parse(&text)
    }

    /// Writes a new file that only its owner can read, and waits until the disk has it.
    ///
    /// # Errors
    /// When there is a file already (replacing a keyring would lose what it sealed), or it cannot be written.
    pub fn create_file(&self, path: &Path) -> Result<(), KeyringError> {
        let unwritable = |source| KeyringError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(OWNER_ONLY);
        let mut file = options.open(path).map_err(unwritable)?;
        self.write_to(&mut file, path).map_err(|error| {
            let _ = std::fs::remove_file(path); // half a keyring is of no use, and would stand in the next one's way
            unwritable(error)
        })
    }

    /// Writes the file anew, in one step: whoever reads it sees the old one or the new one, whole. A key that the old one held and
    /// this one does not is gone.
    ///
    /// # Errors
    /// When it cannot be written; the old one stands then.
    pub fn replace_file(&self, path: &Path) -> Result<(), KeyringError> {
        let unwritable = |source| KeyringError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = Path::new(&beside);
        match std::fs::remove_file(beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {} // what an earlier try left behind, if it left anything
        }
        self.create_file(beside)?;
        keep_owner(path, beside).map_err(unwritable)?;
        std::fs::rename(beside, path).map_err(unwritable)?;
        sync_folder(path).map_err(unwritable)
    }

    fn write_to(&self, file: &mut File, path: &Path) -> Result<(), Error> {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?; // whatever the umask made of it
        file.write_all(self.to_toml().expose_secret().as_bytes())?;
        file.sync_all()?;
        sync_folder(path)
    }
}

/// Whoever could read the old file can read the new one: it may be written by an operator, and read by the server's own user.
fn keep_owner(old: &Path, new: &Path) -> Result<(), Error> {
    let (old, made) = (std::fs::metadata(old)?, std::fs::metadata(new)?);
    if (old.uid(), old.gid()) == (made.uid(), made.gid()) {
        return Ok(());
    }
    chown(new, Some(old.uid()), Some(old.gid()))
}

/// A synced file without its name would still be lost.
fn sync_folder(path: &Path) -> Result<(), Error> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
