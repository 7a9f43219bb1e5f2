//! Why a keyring cannot be used, in words that say what to do and never quote it.

use std::path::PathBuf;

/// Why a keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be read.
    #[error("cannot read the keyring {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file cannot be written, or there is one already.
    #[error("cannot write the keyring {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Other users of the machine have a right to the file.
    #[error("the keyring {} is open to others (mode {mode:04o}); run: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no TOML, or something is missing, doubled, of another type or unknown.
    #[error(
        "line {line} is not what a keyring holds there: installation_id, installation_key, active, [keys], and demo where it is one"
    )]
    Malformed {
        /// Where it goes wrong.
        line: usize,
    },
    /// A key's id is too long or holds other characters.
    #[error("an id under [keys] is not 1 to 32 characters of a-z, 0-9 and -")]
    KeyId,
    /// A key is no key.
    #[error("the key {name} of the keyring is not 32 bytes in base64")]
    Key {
        /// Its id, or `installation_key`.
        name: String,
    },
    /// It belongs to another installation.
    #[error("this keyring belongs to another installation: what this one sealed would not open with it")]
    Foreign,
    /// There is no key of that id.
    #[error("the keyring has no key {id}")]
    NoKey {
        /// The id.
        id: String,
    },
    /// The active key cannot go.
    #[error("{id} is the keyring's active key: make another one active first, with grantlink vault rotate")]
    StillActive {
        /// The id.
        id: String,
    },
    /// The active key is not there.
    #[error("the keyring's `active` is no id under [keys]")]
    Active,
}
