//! The installation's data as lines of JSON: to move it, to keep it, to hold a log against it. docs/log-format.md says what stands
//! in which line.

mod export;
mod import;
mod lines;
mod tables;

pub use export::{Asked, Exported, export};
pub use import::{Imported, import};
pub(crate) use lines::hex;
pub use lines::{EventLine, Lines};

use application::ports::StoreError;

/// How far an export or an import is, for whoever watches: events so far, and how many there are.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// Why data could not be moved. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file failed.
    #[error("the file: {0}")]
    File(#[from] std::io::Error),
    /// The file is not what an export wrote, or not all of it.
    #[error("line {line} of the file is not what was exported: {what}")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it, without its data.
        what: String,
    },
    /// It cannot be done with this file or this database.
    #[error("{0}")]
    Refused(&'static str),
}
