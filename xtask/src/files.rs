//! Finds the project's own Rust files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Every `.rs` file below the folder, in order, except in build output and hidden folders.
pub(crate) fn rust(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                files.extend(rust(&entry.path())?);
            }
        } else if name.ends_with(".rs") {
            files.push(entry.path());
        }
    }
    Ok(files)
}
